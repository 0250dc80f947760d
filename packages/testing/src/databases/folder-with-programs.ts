import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

/** The folders of `PATH`. */
export function pathFolders(): string[] {
  return (process.env.PATH ?? '').split(delimiter);
}

/** The first of the folders that has all of the programs. */
export function folderWithPrograms(
  programs: readonly string[],
  folders: readonly string[] = pathFolders(),
): string | undefined {
  return folders.find((folder) => programs.every((program) => isExecutable(join(folder, program))));
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
