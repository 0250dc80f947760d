import { asRecord, type Saas, unreadable } from './saas.js';

// Calls: `readApps`.

/** A connected application. */
export interface SaasApp {
  app_id: string;
  app_name: string;
  app_type: string;
}

export async function readApps(saas: Saas): Promise<SaasApp[]> {
  const { body } = await saas.call('readApps');
  if (!Array.isArray(body)) return unreadable('a list of applications');
  return body.map((app) => {
    const { app_id, app_name, app_type } = asRecord(app);
    if (typeof app_id !== 'string') return unreadable('a list of applications');
    return { app_id, app_name: String(app_name ?? ''), app_type: String(app_type ?? '') };
  });
}
