import { apiTime, readApiTime, type RemediationStatus } from '@drover-plugins/palo-alto-saas-security-client';
import {
  failed,
  pending,
  type PendingObject,
  type PollAnswer,
  succeeded,
  type WriteBack,
} from '@drover/plugin-sdk';

const DONE = new Set(['success', 'succeeded', 'completed']);
/** The vendor documents none of these. */
const FAILED = new Set(['failed', 'failure', 'error']);
const MINUTE_MS = 60_000;

export interface PollLimits {
  pollSeconds: number;
  waitMinutes: number;
  nowMs: number;
}

/** What a remediation has come to. A status that nobody has heard of is waited for, until the limit. */
export function judgeStatus(
  { object, token, since }: PendingObject,
  remediation: RemediationStatus | undefined,
  { pollSeconds, waitMinutes, nowMs }: PollLimits,
): PollAnswer {
  const status = remediation?.status.trim().toLowerCase();
  if (remediation !== undefined && DONE.has(status ?? '')) {
    return succeeded(object, { data: { ...remediation }, writeBack: writeBackOf(remediation) });
  }
  const said = remediation === undefined ? 'does not know it yet' : `says "${remediation.status}"`;
  if (FAILED.has(status ?? '')) {
    const message = `The remediation of asset ${String(token)} failed: SaaS Security ${said}.`;
    return failed(object, { code: 'REMEDIATION_FAILED', message }, { data: { ...remediation } });
  }
  if (nowMs - Date.parse(since) < waitMinutes * MINUTE_MS) {
    return pending(object, { token, pollAfterMs: pollSeconds * 1_000 });
  }
  const message = `The remediation of asset ${String(token)} was accepted and not done within ${waitMinutes} min: SaaS Security ${said}. It may still end well.`;
  return failed(object, { code: 'REMEDIATION_TIMED_OUT', message });
}

function writeBackOf({ remediation_type, status, action_taker, action_date }: RemediationStatus): WriteBack {
  const dateMs = readApiTime(action_date);
  const fields = {
    remediation_type,
    remediation_status: status,
    remediation_action_taker: action_taker,
    remediation_action_date: dateMs === undefined ? undefined : apiTime(dateMs),
  };
  return {
    attributes: Object.entries(fields).flatMap(([name, value]) =>
      value === undefined ? [] : [{ name, value }],
    ),
  };
}
