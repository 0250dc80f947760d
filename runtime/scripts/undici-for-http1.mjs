import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);

/** HTTP/2, fetch for `FormData` bodies, and a second HTTP/1 parser to be tried out. Vendor calls take none of them. */
const UNUSED = /\/undici\/lib\/(?:web\/.*|milo\/.*|dispatcher\/(?:client-h2|parser-h1))\.js$/;
/** Some forty tables, of which the client reads two. */
const PARSER_TABLES = /\/undici\/lib\/llhttp\/constants\.js$/;
/** Known header names, put into a tree name by name; what is not in it is lower-cased. */
const HEADER_TREE = /\/undici\/lib\/core\/tree\.js$/;

/** An esbuild plugin that leaves out what undici would load at each start and vendor calls do not use. */
export const undiciForHttp1 = {
  name: 'undici-for-http1',
  setup({ onLoad }) {
    onLoad({ filter: UNUSED }, () => ({ contents: 'module.exports = {};', loader: 'js' }));
    onLoad({ filter: PARSER_TABLES }, ({ path }) => {
      const { ERROR, TYPE } = require(path);
      return { contents: `module.exports = ${JSON.stringify({ ERROR, TYPE })};`, loader: 'js' };
    });
    onLoad({ filter: HEADER_TREE }, () => ({
      contents: 'exports.tree = { lookup: () => null };',
      loader: 'js',
    }));
  },
};
