/** The version of Drover. A test compares it with the package's. */
export const VERSION = '0.1.0';
