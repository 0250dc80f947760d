import { apiTime, type Incident } from '@drover-plugins/palo-alto-saas-security-client';
import { Fault } from '@drover/plugin-sdk';
import { changedAt } from './place.js';

/**
 * Throws `VENDOR_ANSWER_INVALID` when the incidents of a full page do not stand by the time of their last change: the next
 * page begins with the last time, and what is out of order would be left out.
 */
export function checkOrder(incidents: readonly Incident[]): void {
  const odd = incidents.find((incident, index) => {
    const before = incidents[index - 1];
    return before !== undefined && changedAt(incident) < changedAt(before);
  });
  if (odd === undefined) return;
  throw new Fault(
    'VENDOR_ANSWER_INVALID',
    `SaaS Security gave incident ${odd.incident_id} out of order of updated_at, so that a next page would leave incidents out; set the page size to 1000.`,
  );
}

/** Throws `CURSOR_STUCK` when all of a full page changed at one moment: the next page would be the same again. */
export function checkProgress(incidents: readonly Incident[]): void {
  const [first, last] = [incidents[0], incidents.at(-1)];
  if (first === undefined || last === undefined || changedAt(first) !== changedAt(last)) return;
  const advice =
    incidents.length < 1_000
      ? 'raise the page size of the feed, up to 1000'
      : 'filter by application or severity in several feeds, since no page is larger';
  throw new Fault(
    'CURSOR_STUCK',
    `All ${incidents.length} incidents of a full page changed at ${apiTime(changedAt(last))}, and the next page would begin with the same ones; ${advice}.`,
  );
}
