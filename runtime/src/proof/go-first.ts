import { constants, getPriority, setPriority } from 'node:os';

/**
 * Gives this process the machine before others, where what else runs on it is not the point: then it comes late for nobody. Only root
 * may; without that it takes its turn with the others. Call what comes back to be one of them again.
 */
export function goFirst(): () => void {
  const before = getPriority();
  try {
    setPriority(constants.priority.PRIORITY_HIGH);
  } catch {
    return () => undefined;
  }
  return () => setPriority(before);
}
