import { composeParts } from './composition/container.js';
import type { Surroundings } from './composition/parts.js';
import { EmbeddedApplication } from './embedded/embedded-application.js';

/** Opens the application in this process. Nothing is made on disk before something that needs it is asked for. */
export function openEmbedded(surroundings: Surroundings): EmbeddedApplication {
  return new EmbeddedApplication(composeParts(surroundings));
}
