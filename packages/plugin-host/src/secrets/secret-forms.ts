import { Buffer } from 'node:buffer';

export interface SecretForms {
  /** The secret itself, JSON-escaped, URL-escaped and in hex. */
  exact: string[];
  /** Stretches of base64, with an undetermined character on either side. */
  base64: string[];
}

/**
 * The ways in which a vendor may echo a secret, as literal texts. Equal forms come once: a secret of letters and digits
 * has six.
 */
export function formsOf(secret: string): SecretForms {
  const text = secret.toWellFormed();
  const bytes = Buffer.from(text, 'utf8');
  const hex = bytes.toString('hex');
  return {
    exact: distinct([text, ...jsonForms(text), ...urlForms(text), hex, hex.toUpperCase()]),
    base64: distinct(base64Cores(bytes).flatMap(base64Spellings)),
  };
}

function distinct(texts: string[]): string[] {
  return [...new Set(texts)];
}

function jsonForms(text: string): string[] {
  const plain = JSON.stringify(text).slice(1, -1);
  const ascii = plain.replace(/[\u007f-\uffff]/g, unicodeEscape);
  const forms = [plain, ascii, ascii.replace(/\\u[0-9a-f]{4}/g, upperEscape)];
  // Some encoders also escape what HTML would take for markup, and some escape every slash.
  const htmlSafe = forms.map((form) => form.replace(/[<>&'+]/g, unicodeEscape));
  const all = [
    ...forms,
    ...htmlSafe,
    ...htmlSafe.map((form) => form.replace(/\\u[0-9a-f]{4}/g, upperEscape)),
  ];
  return [...all, ...all.map((form) => form.replaceAll('/', '\\/'))];
}

function unicodeEscape(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

function upperEscape(escape: string): string {
  return `\\u${escape.slice(2).toUpperCase()}`;
}

function urlForms(text: string): string[] {
  const component = encodeURIComponent(text);
  const strict = component.replace(/[!'()*~]/g, percentEscape);
  const form = new URLSearchParams({ '': text }).toString().slice(1);
  return [component, strict, form].flatMap(bothHexCases);
}

function percentEscape(character: string): string {
  return `%${character.charCodeAt(0).toString(16).toUpperCase()}`;
}

function bothHexCases(escaped: string): string[] {
  return [escaped, escaped.replace(/%[0-9A-F]{2}/g, (escape) => escape.toLowerCase())];
}

/** With the standard alphabet, the one for URLs, and the standard one escaped as JSON and as URLs want it. */
function base64Spellings(core: string): string[] {
  const forUrls = core.replaceAll('+', '-').replaceAll('/', '_');
  return [core, forUrls, core.replaceAll('/', '\\/'), ...bothHexCases(encodeURIComponent(core))];
}

/**
 * What is the same in the base64 of every text that holds these bytes, for each of the three places at which they can
 * begin within a group of three. The characters at either end that also depend on the neighbours are left out.
 */
function base64Cores(bytes: Buffer): string[] {
  return [0, 1, 2].map((offset) => {
    const encoded = Buffer.concat([Buffer.alloc(offset), bytes]).toString('base64');
    const firstWhole = Math.ceil((offset * 8) / 6);
    const endOfWhole = Math.floor(((offset + bytes.length) * 8) / 6);
    return encoded.slice(firstWhole, endOfWhole);
  });
}
