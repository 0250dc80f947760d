import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { CrowdstrikeLab, type LabOptions, packCrowdstrike } from './crowdstrike-lab.js';

let bundle: Awaited<ReturnType<typeof packCrowdstrike>>;
let lab: CrowdstrikeLab;

beforeAll(async () => {
  bundle = await packCrowdstrike();
}, 60_000);
afterAll(() => bundle.close());
afterEach(() => lab.close());

const open = async (options: LabOptions) => (lab = await CrowdstrikeLab.open(bundle.file, options));

describe('enriching users', () => {
  it('writes scores and bands onto identities, through a token that is refused in the middle', async () => {
    const { drover, simulator } = await open({ users: 1_200 });
    const file = join(drover.folder, 'users.txt');
    const asked = [...lab.addresses.slice(0, 600), 'USER9.alias@example.com', 'nobody@example.com'];
    await writeFile(file, asked.join('\n'));
    await drover.json('objects', 'import', file, '--collection', 'people', '--type', 'identity');
    simulator.order({
      match: { path: '/identity-protection/*' },
      nth: 2,
      effect: { kind: 'status', status: 401 },
    });
    const enrich = ['action', 'run', 'crowdstrike.enrich-identity-risk', '--collection', 'people'];
    const run = await drover.json(...enrich, '--connection', 'falcon');
    const unscored = simulator
      .users()
      .filter((user) => asked.includes(user.emailAddresses[0]!) && user.riskScore === null);
    expect(run.summary.counts).toMatchObject({
      succeeded: 601 - unscored.length,
      unchanged: 1 + unscored.length,
    });
    expect(simulator.state().tokens.issued).toBe(2);
    const { data } = await drover.json('objects', 'list', '--collection', 'people', '--limit', '1000');
    const alias = data.find(({ value }: { value: string }) => value.startsWith('USER9.alias'));
    const shown = await drover.json('objects', 'show', alias.id);
    const user9 = simulator.users().find(({ emailAddresses }) => emailAddresses[0] === 'user9@example.com')!;
    expect(shown.attributes).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ name: 'Risk Score', value: Number(user9.riskScore!.toFixed(2)) }),
        expect.objectContaining({ name: 'Score Band' }),
      ]),
    );
  }, 60_000);

  it('shows beforehand how many users each band would hold', async () => {
    const { drover } = await open({ users: 1_200 });
    const preview = [
      'command',
      'run',
      'crowdstrike.preview-score-bands',
      '--connection',
      'falcon',
      '--input',
    ];
    const output = await drover.json(...preview, '{"poorUpTo": 499, "moderateUpTo": 999}');
    expect(output).toMatchObject({ users: 1_200, withoutScore: 30, withoutAddress: 12, isComplete: true });
    const table = await drover.run([...preview, '{"poorUpTo": 499, "moderateUpTo": 999}']);
    expect(table.stdout).toMatch(/Poor\s+0\s+499/);
  }, 60_000);
});
