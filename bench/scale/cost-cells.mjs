// What one object costs each part of a system, as cells of a table.

export const COST_HEADER = ['CPU an object: Drover', 'PostgreSQL', 'Redis', 'WAL', 'disk'];

export function costCells({ cpu, walBytes, diskBytes }, objects) {
  return [
    ...[cpu.hosts, cpu.postgres, cpu.redis].map((ms) => `${((ms / objects) * 1_000).toFixed(0)} µs`),
    ...[walBytes, diskBytes].map((bytes) => `${Math.round(bytes / objects).toLocaleString('en')} B`),
  ];
}
