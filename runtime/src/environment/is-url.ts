/** Whether a text that may name a file is a URL. As a path it would be a strange one, and might show a password. */
export function isUrl(text: string): boolean {
  return /^[a-z][a-z\d+.-]*:\/\//i.test(text.trimStart());
}
