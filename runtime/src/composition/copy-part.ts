/** Copying databases, a chunk of its own. */
export { copyDatabase } from '@drover/store';
