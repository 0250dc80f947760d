import type { Incident, IncidentField } from '@drover-plugins/palo-alto-saas-security-client';

/** Gives incidents a type by one of their fields. */
export interface ClassifierRule {
  field: IncidentField;
  /** In capitals or not; of a list field, one of its items. */
  equals: string;
  incidentType: string;
}

/** The type that the first fitting rule gives; without one, the usual one. */
export function incidentTypeOf(
  incident: Incident,
  { classifier, incidentType }: { classifier: readonly ClassifierRule[]; incidentType: string },
): string {
  return classifier.find((rule) => fits(rule, incident))?.incidentType ?? incidentType;
}

function fits({ field, equals }: ClassifierRule, incident: Incident): boolean {
  const value = incident[field];
  const values = Array.isArray(value) ? (value as unknown[]) : [value];
  return values.some((one) => one !== undefined && one !== null && isSame(String(one), equals));
}

function isSame(left: string, right: string): boolean {
  return left.toLowerCase() === right.toLowerCase();
}
