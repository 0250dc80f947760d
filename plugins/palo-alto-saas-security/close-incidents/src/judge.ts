import {
  closingCategoryOf,
  type ClosingCategory,
  type Incident,
  stateOf,
} from '@drover-plugins/palo-alto-saas-security-client';
import type { OutcomeReason } from '@drover/plugin-sdk';

/** What an object asks for: to be closed with a category, as people or the API write it, or to be open. */
export type Wish = { state: 'closed'; category: string } | { state: 'open' };

export type Verdict =
  | { do: 'close'; category: ClosingCategory }
  /** The incident is as it is asked for. */
  | { do: 'leave'; reason: OutcomeReason }
  | { do: 'refuse'; reason: OutcomeReason };

/** What has to happen to an incident as SaaS Security has it. */
export function judge(incident: Incident, wish: Wish, { mayChange }: { mayChange: boolean }): Verdict {
  const id = incident.incident_id;
  const isClosed = stateOf(incident) === 'closed';
  if (wish.state === 'open')
    return isClosed
      ? refuseReopening(id)
      : leave('INCIDENT_OPEN', `Incident ${id} is open, as it should be.`);
  const category = String(incident['category'] ?? '');
  if (isClosed && isSame(category, wish.category)) {
    return leave('INCIDENT_CLOSED', `Incident ${id} is closed as ${category} already.`);
  }
  const code = closingCategoryOf(wish.category);
  if (code === undefined) {
    const message = `SaaS Security closes incidents as misidentified, no_reason or business_justified only, and not as "${wish.category}".`;
    return refuse('CATEGORY_NOT_WRITABLE', message);
  }
  if (isClosed && !mayChange) {
    return leave('INCIDENT_CLOSED_OTHERWISE', `Incident ${id} is closed already, as ${category}.`);
  }
  return { do: 'close', category: code };
}

function refuseReopening(id: number): Verdict {
  const message = `Incident ${id} is closed in SaaS Security, whose API cannot open it again; open it in its console.`;
  return refuse('REOPENING_NOT_POSSIBLE', message);
}

function leave(code: string, message: string): Verdict {
  return { do: 'leave', reason: { code, message } };
}

function refuse(code: string, message: string): Verdict {
  return { do: 'refuse', reason: { code, message } };
}

function isSame(left: string, right: string): boolean {
  const plain = (text: string) => text.trim().toLowerCase().replaceAll(' ', '_');
  return plain(left) === plain(right);
}
