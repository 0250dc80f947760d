/** An encrypted text as it is stored. Byte strings are base64. */
export interface SealedRecord {
  v: 1;
  /** Which key: the first 8 hex digits of its SHA-256. */
  keyId: string;
  nonce: string;
  tag: string;
  data: string;
}

/** Encrypts and decrypts texts at rest. `identity` names the record that the text belongs to: it does not open under another. */
export interface SecretCipher {
  seal(text: string, identity: string): SealedRecord;
  /** Faults: `KEY_UNKNOWN` (names the key id), `SECRET_UNREADABLE` (changed, or of another record). */
  open(record: SealedRecord, identity: string): string;
}
