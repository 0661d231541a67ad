import type { Chance } from './chance.js';

const FIRST_NAMES =
  'Anna Ben Carla David Elena Felix Greta Henrik Ida Jonas Katharina Lukas Marie Nils Olivia Paul Rosa Simon Tilda Urs Vera Wim Yara Anton Birgit Christoph Dorothea Emil Franziska Georg Hanna Ilse Jakob Klara Leonhard Mathilde Norbert Ottilie Peter Ronja'.split(
    ' ',
  );
const LAST_NAMES =
  'Achterberg Bachmann Castell Dornbusch Eichinger Fassbender Gerlach Hohenfels Imhof Jordan Kestler Lindqvist Morgenstern Niedermayr Oberholzer Pfeiffer Quandt Rosenthal Steinbrecher Thalhammer Uhlmann Vogelsang Wachter Zellweger Ahlgrimm Brandstetter Czerny Dahlmann Engelbrecht Freudenthal Grabowski Hallström Isenberg Kirchhoff Lautenschläger Mühlbauer Nachtigall Rautenberg Schönfelder Tannhäuser'.split(
    ' ',
  );
const STREETS = [
  'Bergstraße',
  'Waldweg',
  'Seestraße',
  'Lindenallee',
  'Am Mühlbach',
  'Gipfelpfad',
  'Talstraße',
  'Rosengasse',
  'Bahnhofstraße',
  'Uferweg',
];

interface City {
  readonly name: string;
  readonly postalCode: string;
  readonly region: string;
  readonly country: string;
}

const city = (name: string, postalCode: string, region: string, country: string): City => ({
  name,
  postalCode,
  region,
  country,
});

const CITIES: readonly City[] = [
  city('München', '80331', 'Bayern', 'DE'),
  city('Berlin', '10115', 'Berlin', 'DE'),
  city('Hamburg', '20095', 'Hamburg', 'DE'),
  city('Freiburg', '79098', 'Baden-Württemberg', 'DE'),
  city('Leipzig', '04109', 'Sachsen', 'DE'),
  city('Köln', '50667', 'Nordrhein-Westfalen', 'DE'),
  city('Garmisch-Partenkirchen', '82467', 'Bayern', 'DE'),
  city('Innsbruck', '6020', 'Tirol', 'AT'),
  city('Salzburg', '5020', 'Salzburg', 'AT'),
  city('Graz', '8010', 'Steiermark', 'AT'),
];

/** Numbers that Germany keeps free for films and books: nobody is called by a demonstration. */
const FREE_NUMBERS = [
  ['+49 30 23125', 3],
  ['+49 40 66969', 3],
  ['+49 69 90009', 3],
  ['+49 89 99998', 3],
  ['+49 221 4710', 3],
] as const;

const TRADES = ['Bergschule', 'Alpenverein', 'Jugendherberge', 'Kletterhalle', 'Wanderreisen', 'Filmteam'];

export interface Identity {
  readonly name: string;
  readonly email: string;
  readonly phone: string;
  readonly address: Address;
  readonly region: string;
  readonly postalArea: string;
  readonly country: string;
}

export interface Address {
  readonly street: string;
  readonly postalCode: string;
  readonly city: string;
  readonly country: string;
}

/** Somebody who does not exist. @param number tells people of one name apart */
export const drawIdentity = (chance: Chance, number: number, company: boolean): Identity => {
  const home = chance.pick(CITIES);
  const person = `${chance.pick(FIRST_NAMES)} ${chance.pick(LAST_NAMES)}`;
  const name = company ? `${chance.pick(TRADES)} ${home.name} ${number}` : person;
  const [prefix, digits] = chance.pick(FREE_NUMBERS);
  return {
    name,
    email: `${mailbox(company ? `info.${name}` : person)}.${number}@example.org`,
    phone: `${prefix} ${String(chance.whole(0, 10 ** digits - 1)).padStart(digits, '0')}`,
    address: addressIn(chance, home),
    region: home.region,
    postalArea: home.postalCode.slice(0, 2),
    country: home.country,
  };
};

/** Where somebody moves to. */
export const drawAddress = (chance: Chance): Address => addressIn(chance, chance.pick(CITIES));

const addressIn = (chance: Chance, { name, postalCode, country }: City): Address => ({
  street: `${chance.pick(STREETS)} ${chance.whole(1, 120)}`,
  postalCode,
  city: name,
  country,
});

const mailbox = (name: string): string =>
  name
    .toLowerCase()
    .replaceAll('ß', 'ss')
    .normalize('NFD')
    .replaceAll(/\p{M}/gu, '')
    .replaceAll(/[^a-z0-9]+/g, '.');
