import type { Sentiment } from '#crm/vocabulary';

/** Contact reason and text. */
export const QUESTIONS: readonly (readonly [reason: string, text: string])[] = [
  ['delivery', 'Hello, the parcel was announced for yesterday and is not here. When will it come?'],
  ['product', 'Does the zip of the sleeping bag go all the way round? I would like to join two of them.'],
  ['size', 'I am between two sizes with these boots. Which would you take for thick socks?'],
  ['care', 'How do I wash the down jacket without ruining it?'],
  ['invoice', 'Could you send me the invoice again? I need it for my employer.'],
  ['stock', 'Is the trekking pack in green still to be had in the Freiburg store?'],
];

export const ANSWERS: readonly string[] = [
  'Thank you for asking. We have looked it up for you: please find the details below.',
  'It is on its way and should reach you tomorrow. Please tell us if it does not.',
  'We would take the larger one; you may exchange it in any of our stores.',
  'Attached is what you asked for. Enjoy your next tour!',
];

export const SURVEY_ANSWERS: Readonly<Record<Sentiment, readonly string[]>> = {
  positive: [
    'Friendly advice, quick delivery. I have told all my friends.',
    'The boots fit like a glove. I will be back in spring.',
    'Best shop for climbing gear in town.',
  ],
  neutral: ['It was all right.', 'Fine, nothing special.', 'Delivery could be quicker, the rest was good.'],
  negative: [
    'Nobody had time for me in the store.',
    'Too expensive for what it is.',
    'The jacket is not as waterproof as you say.',
  ],
};

export const SOCIAL_POSTS: readonly string[] = [
  'Third hut tour with this pack and still in love with it.',
  'Thank you to the workshop, my old boots are as good as new!',
  'If you need advice on tents, go there and ask for the lady with the dog.',
];

export interface Grievance {
  /** Of the failure behind it. */
  readonly failure: string;
  readonly category: string;
  readonly subcategory: string;
  readonly unit: string;
  readonly cause: string;
  readonly correctiveAction: string;
  readonly texts: readonly string[];
  /** How often, and only when something was shipped. */
  readonly weight: number;
  readonly shippedOnly: boolean;
}

export const GRIEVANCES: readonly Grievance[] = [
  {
    failure: 'late-delivery',
    category: 'Delivery',
    subcategory: 'Late',
    unit: 'logistics',
    cause: 'Parcel left lying at the depot',
    correctiveAction: 'Carrier warned; depot changed',
    texts: [
      'I needed the tent for the weekend and it came on Monday.',
      'Ten days for a pair of socks, and nobody told me anything.',
    ],
    weight: 34,
    shippedOnly: true,
  },
  {
    failure: 'damaged-in-transit',
    category: 'Delivery',
    subcategory: 'Damaged',
    unit: 'logistics',
    cause: 'Too little padding',
    correctiveAction: 'Stronger boxes for hard goods',
    texts: ['The box was torn and the stove bent.', 'One of the bottles was leaking, everything was wet.'],
    weight: 16,
    shippedOnly: true,
  },
  {
    failure: 'wrong-item',
    category: 'Delivery',
    subcategory: 'Wrong item',
    unit: 'logistics',
    cause: 'Picked from the wrong shelf',
    correctiveAction: 'Second scan before packing',
    texts: ['I ordered boots in 42 and got sandals in 38.', 'This is not the colour that I chose.'],
    weight: 14,
    shippedOnly: true,
  },
  {
    failure: 'defective-product',
    category: 'Product quality',
    subcategory: 'Defective',
    unit: 'quality',
    cause: 'Fault of a production lot',
    correctiveAction: 'Lot taken off the shelves',
    texts: [
      'The zip broke on the second night, at minus five degrees.',
      'The sole came off after twenty kilometres.',
      'The air mat is flat in the morning.',
    ],
    weight: 26,
    shippedOnly: false,
  },
  {
    failure: 'wrong-invoice',
    category: 'Billing',
    subcategory: 'Wrong amount',
    unit: 'accounting',
    cause: 'Voucher was not taken into account',
    correctiveAction: 'Check of vouchers at the till',
    texts: ['You charged the gear care twice.', 'The voucher over ten euros is missing from the bill.'],
    weight: 12,
    shippedOnly: false,
  },
  {
    failure: 'unfriendly-service',
    category: 'Service',
    subcategory: 'Staff',
    unit: 'stores',
    cause: 'Too few people on a Saturday',
    correctiveAction: 'One more on the floor on Saturdays',
    texts: [
      'I stood there for half an hour and then was told to come back another day.',
      'The young man at the till laughed at my question.',
    ],
    weight: 18,
    shippedOnly: false,
  },
];

export const ANSWERS_TO_COMPLAINTS: readonly (readonly [outcome: string, text: string])[] = [
  ['Explained', 'We are sorry. This is how it came about, and this is what we have done since.'],
  ['Accepted', 'You are right, and we apologise. We will make good for it.'],
  ['Accepted in part', 'We can see your point and would like to meet you half way.'],
  ['Rejected', 'We have looked into it and cannot find a fault on our side.'],
];

export const FURTHER_GRIEVANCES: readonly string[] = [
  'The music in the Berlin store is so loud that one cannot talk.',
  'Why is there no bicycle stand in front of the shop?',
  'Your prices have gone up by a tenth within a year.',
];
