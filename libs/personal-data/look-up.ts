import { type CountryCode, parsePhoneNumberFromString } from 'libphonenumber-js';

/** Nothing clever: which dots and tags a provider ignores is not for us to know. */
export const normaliseEmail = (email: string): string => email.trim().toLowerCase().normalize('NFC');

/**
 * The number in E.164 (`+4930123456`); undefined for what cannot be one, which nobody can then be found by.
 * @param defaultRegion ISO 3166 code of the country in which numbers without a country code are dialled
 */
export const normalisePhone = (phone: string, defaultRegion: string): string | undefined => {
  const number = parsePhoneNumberFromString(phone.normalize('NFKC'), {
    defaultCountry: defaultRegion as CountryCode,
    extract: false,
  });
  return number?.isPossible() ? number.number : undefined;
};
