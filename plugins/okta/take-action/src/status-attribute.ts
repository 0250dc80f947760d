/** The attribute that a user's status is written to. */
export const STATUS_ATTRIBUTE = 'Okta Status';
