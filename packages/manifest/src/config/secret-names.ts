const SECRET_WORDS = new Set([
  'accesskey',
  'apikey',
  'bearer',
  'credential',
  'credentials',
  'passphrase',
  'passwd',
  'password',
  'privatekey',
  'pwd',
  'secret',
  'token',
]);

/** Whether a property's name, such as `apiToken` or `accessKey`, says that its text is a secret. */
export function soundsSecret(name: string): boolean {
  const words = name
    .replace(/([a-z0-9])([A-Z])/g, '$1 $2')
    .toLowerCase()
    .split(/[^a-z0-9]+/);
  const pairs = words.slice(1).map((word, index) => `${words[index]}${word}`);
  return [...words, ...pairs].some((word) => SECRET_WORDS.has(word));
}
