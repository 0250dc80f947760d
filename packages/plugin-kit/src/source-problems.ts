import { type Fault, FaultList, type FaultRecord, toFaultRecord } from '@drover/model';

/** Gathers everything that is wrong with a vendor's folder, so that an author corrects it in one go. */
export class SourceProblems {
  private readonly records: FaultRecord[] = [];

  /** `path` is a file of the folder, with a JSON Pointer behind `#` where there is one. */
  add(path: string, message: string): void {
    this.records.push({ code: 'BUNDLE_SOURCE_INVALID', message, path });
  }

  addRecord(record: FaultRecord): void {
    this.records.push(record);
  }

  /** Takes over what a parser found in one JSON file. */
  addFault(file: string, fault: Fault): void {
    const found = (fault as Partial<FaultList>).problems ?? [toFaultRecord(fault)];
    for (const { path, ...record } of found) {
      this.records.push({ ...record, path: path === undefined ? file : `${file}#${path}` });
    }
  }

  /** Throws a `FaultList` when there is any problem: `BUNDLE_IMPORT_REFUSED` when imports are all that is wrong. */
  throwIfAny(folder: string): void {
    const [first, ...more] = this.records;
    if (first === undefined) return;
    const importsOnly = this.records.every((record) => record.code === 'BUNDLE_IMPORT_REFUSED');
    const others = more.length === 0 ? '' : ` (and ${more.length} more)`;
    throw new FaultList(
      importsOnly ? 'BUNDLE_IMPORT_REFUSED' : 'BUNDLE_SOURCE_INVALID',
      `${folder} cannot be packed: ${first.path}: ${first.message}${others}`,
      this.records,
    );
  }
}
