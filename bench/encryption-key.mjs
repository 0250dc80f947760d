/** What encrypts the secrets of data folders that the bench makes. */
export const ENCRYPTION_KEY = 'ab'.repeat(32);
