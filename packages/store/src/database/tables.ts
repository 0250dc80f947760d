import type { Generated } from 'kysely';

/** Times are integers: milliseconds since 1970 in UTC. JSON is text. Booleans are 0 and 1. */
type Ms = number;
type Json = string;
type Flag = 0 | 1;

export interface Tables {
  objects: {
    /** Internal key in the order of making, from the counter `objects`; joins and frozen lists use it. Never reused. */
    seq: number;
    id: string;
    type: string;
    /** Empty for types without subtypes, so that the key's unique index holds. */
    subtype: string;
    value: string;
    /** `valueKey(value)`: what the indexes hold. */
    value_key: string;
    status: string | null;
    /** When the status in force was said; null without one. */
    status_at: Ms | null;
    revision: number;
    created_at: Ms;
    updated_at: Ms;
  };
  object_aliases: { type: string; alias_key: string; alias: string; object_seq: number };
  object_sources: { object_seq: number; source: string; first_seen_at: Ms; last_seen_at: Ms };
  /** Values in force. Several rows of one (object, name, source) come from mode `add`, imports included. */
  attributes: {
    object_seq: number;
    name: string;
    source: string;
    /** `string`, `number` or `boolean`. */
    kind: string;
    text_value: string;
    /** `valueKey(text_value)`: what the indexes hold. */
    value_key: string;
    /** The value as a number, for `number` and `boolean` kinds; null for texts. */
    number_value: number | null;
    at: Ms;
    run_id: string | null;
  };
  /** Every value ever offered, applied or not, repetitions of one in force left out; statuses have the mode `status`. */
  attribute_history: {
    seq: Generated<number>;
    object_seq: number;
    name: string;
    source: string;
    kind: string;
    text_value: string;
    mode: string;
    at: Ms;
    run_id: string | null;
    applied: Flag;
  };
  collections: { id: string; name: string; kind: string; query: Json | null; created_at: Ms };
  collection_members: { collection_id: string; object_seq: number };
  bundles: {
    digest: string;
    name: string;
    version: string;
    manifest: Json;
    zip: Buffer;
    installed_at: Ms;
  };
  plugins: {
    action_id: number;
    plugin_id: string;
    version: string;
    bundle_digest: string;
    manifest: Json;
    defaults: Json;
    /** Configured values that the version in force does not take, for one that does. */
    set_aside: Json;
    installed_at: Ms;
  };
  /** Each version that was ever in force: what began with one ends with it. */
  plugin_versions: {
    plugin_id: string;
    bundle_digest: string;
    version: string;
    manifest: Json;
    /** When it last came into force. */
    installed_at: Ms;
  };
  connections: {
    id: string;
    name: string;
    vendor: string;
    settings: Json;
    transport: Json;
    /** Encrypted record of the secrets, references included; see the secrets package of plugin-host. */
    secrets: Json;
    /** Most tasks and pulls over it in hand at a time; null: as many as its plugins allow. */
    concurrency: number | null;
    created_at: Ms;
    updated_at: Ms;
  };
  passes: {
    id: string;
    /** Hash of what is offered to what: action, connection, collection and config, or the step's key. */
    offering: string;
    plugin_id: string;
    action_id: number;
    /** The bundle that the pass started with; its runs finish on it. */
    bundle_digest: string;
    connection_id: string;
    collection_id: string;
    step_key: string | null;
    config: Json;
    trigger: string;
    /** `plan`: opened by a plan, and nothing was taken from it. */
    mode: string;
    /** `freezing`, `open`, `done` or `abandoned` (by --restart). */
    status: string;
    /** Last object that freezing has looked at; null when frozen. */
    frozen_to_seq: number | null;
    objects: number;
    /** Objects of the collection that the plugin does not accept. */
    not_accepted: number;
    /** Runs that have settled a batch. */
    slices: number;
    created_at: Ms;
  };
  /** The frozen list. */
  /** Runs and passes that are gone, and of whose rows in other tables some may be left. `kind`: `run` or `pass`. */
  forgotten: { kind: string; id: string };
  pass_items: { pass_id: string; position: number; object_seq: number; revision: number };
  /** Positions `[from, to)` that no run has taken. */
  pass_ranges: { pass_id: string; from_position: number; to_position: number };
  runs: {
    id: string;
    pass_id: string;
    plugin_id: string;
    action_id: number;
    connection_id: string;
    collection_id: string;
    status: string;
    /** `prepare`, `execute`, `finish` or `ended`. */
    phase: string;
    trigger: string;
    mode: string;
    objects_per_run: number;
    /** Objects of the run's slice. */
    objects: number;
    /** What claiming needs of the manifest's limits, the concurrency left out. */
    limits: Json;
    /** Most tasks of the plugin in hand at a time over the connection. */
    concurrency: number;
    /** Started runs with equal keys exclude each other (a row of `leases`); null: none. */
    exclusive_key: string | null;
    is_first_slice: Flag;
    is_last_slice: Flag;
    remaining: number;
    prepared: Json | null;
    /** Batches go to `executeOne`, so that one worker has them at a time. Known when the run is prepared. */
    one_by_one: Flag;
    cancel_requested: Flag;
    /** The cancel also cuts off what is in flight. */
    cancel_at_once: Flag;
    succeeded: number;
    unchanged: number;
    skipped: number;
    rejected: number;
    failed: number;
    deferred: number;
    unknown: number;
    objects_taken: number;
    objects_written: number;
    attributes_written: number;
    vendor_calls: number;
    vendor_writes: number;
    waited_ms: number;
    batches_cut: number;
    /** Rows of `pending_objects`. */
    pending: number;
    /** A batch has settled without a fault of its own. */
    first_batch_done: Flag;
    fault: Json | null;
    finish_fault: Json | null;
    retry_of: string | null;
    /** The plan that the run applies. */
    plan_id: string | null;
    created_at: Ms;
    /** When a task of it was last taken in hand; before the first, when the run was made. */
    taken_at: Ms;
    started_at: Ms | null;
    ended_at: Ms | null;
  };
  /** Positions `[from, to)` of the run's slice that are in no batch yet. */
  run_ranges: { run_id: string; from_position: number; to_position: number };
  /** What a worker claims: `prepare`, a `batch`, `all` (scope whole), a `poll` or `finish`. */
  tasks: {
    id: string;
    run_id: string;
    kind: string;
    batch_index: number;
    /** JSON `[from, to)[]` of a batch or poll; null for the other kinds. */
    ranges: Json | null;
    /** `ready`, `leased`, `waiting` or `done`. */
    status: string;
    attempt: number;
    /** How often its worker was lost. */
    deaths: number;
    /** Not to be claimed before. */
    due_at: Ms;
    /** When the first wait for a rate limit began, for `maxWaitMs`. */
    waiting_since: Ms | null;
    /** Of one that waits: since when and why, `{ at, code, message }`. */
    parked: Json | null;
    lease_owner: string | null;
    /** Fencing token: counts up with each claim. */
    lease_token: number;
    lease_until: Ms | null;
    created_at: Ms;
    settled_at: Ms | null;
    /** 1: runs in a plugin process of its own, since one of its objects may be what ends it. */
    suspect: Flag | null;
  };
  outcomes: {
    run_id: string;
    position: number;
    object_seq: number;
    status: string;
    code: string | null;
    message: string | null;
    data: Json | null;
    attempt: number;
    at: Ms;
  };
  /** Once-only calls: the intent before, the answer after. Results of lost leases stand beside as evidence. */
  journal: {
    seq: Generated<number>;
    run_id: string;
    task_id: string;
    /** `call` (left, or may have left), `unsent` (a call that certainly did not leave) or `late` (a late result). */
    kind: string;
    call: string | null;
    object_seq: number | null;
    lease_token: number;
    intent_at: Ms;
    answered_at: Ms | null;
    /** Redacted. */
    answer: Json | null;
  };
  /** Writes that plans recorded in place of sending them. */
  plan_requests: {
    seq: Generated<number>;
    run_id: string;
    /** `prepare`, `execute` or `finish`. */
    hook: string;
    batch_index: number;
    call: string;
    effect: string;
    method: string;
    path: string;
    content_type: string | null;
    /** Secrets masked, cut after 256 KiB. */
    body: string | null;
    body_bytes: number | null;
    blast_radius: string | null;
    /** Of all of the request, what is volatile left out. */
    digest: string;
    /** JSON `[from, to)[]` of what it covers; null: all of its hook. */
    positions: Json | null;
    objects: number;
  };
  /** The revision with which a plan computed each object. */
  plan_objects: { run_id: string; position: number; revision: number };
  /** What outcomes of a plan would set on their objects. */
  plan_write_backs: {
    seq: Generated<number>;
    run_id: string;
    object_seq: number;
    name: string;
    /** How an attribute is written, or `status`. */
    mode: string;
    value: Json;
  };
  /** What a step has handled: which content of an object came to what. */
  handled: {
    step_key: string;
    object_seq: number;
    /** Hash of value, status and the attributes that the plugin reads. */
    fingerprint: string;
    status: string;
    failures: number;
    /** Failed objects are offered again after this time. */
    offer_after: Ms | null;
    run_id: string;
    at: Ms;
  };
  events: { seq: Generated<number>; run_id: string; at: Ms; kind: string; data: Json };
  leases: { name: string; owner: string; token: number; until: Ms; data: Json };
  counters: { name: string; value: number };
  /** Commands, ended or not. */
  command_runs: {
    id: string;
    plugin_id: string;
    action_id: number;
    version: string;
    connection_id: string;
    mode: string;
    trigger: string;
    status: string;
    input: Json;
    config: Json;
    /** What the process that runs it says of itself, and until when it is taken for alive. */
    owner: Json;
    lease_until: Ms;
    /** The last call that writes and may have left. */
    sent_call: string | null;
    fault: Json | null;
    vendor_calls: number;
    vendor_writes: number;
    waited_ms: number;
    output_bytes: number | null;
    output_digest: string | null;
    started_at: Ms;
    ended_at: Ms | null;
  };
  /** Objects of open runs that were sent and whose outcome the vendor is asked for when it is due. */
  pending_objects: {
    run_id: string;
    position: number;
    object_seq: number;
    /** The plugin's, redacted. */
    token: Json;
    data: Json | null;
    /** When it was parked first. */
    since: Ms;
    /** A whole second. */
    due_at: Ms;
    polls: number;
    failures: number;
    /** For a step: hash of what the object held when it was sent. */
    fingerprint: string | null;
    /** The task that asks about it now; null while it waits. */
    task_id: string | null;
  };
  feeds: {
    id: string;
    name: string;
    plugin_id: string;
    connection_id: string;
    /** The fixed list that its objects are put on. */
    collection_id: string;
    config: Json;
    /** `enabled` or `paused`. */
    status: string;
    every_ms: Ms;
    /** When the next pull is due; later than the interval while the feed fails. */
    due_at: Ms;
    /** Pulls that failed since the last one that did not. */
    failures: number;
    /** Full passes without an object after which it is absent. */
    absent_after: number;
    retention_days: number | null;
    /** Of the last page that was kept; null before the first. */
    checkpoint: Json | null;
    /** Full passes that have ended, which numbers the one under way. */
    full_passes: number;
    /** When a pull last ended well. */
    synced_at: Ms | null;
    /** The `mirror_rules` that objects are fetched by from now on. */
    mirror_version: number;
    /** Config of the action that sends changes out. */
    mirror_config: Json;
    /** The fixed list of the objects that the present or last send offers; null before the first. */
    mirror_collection_id: string | null;
    /** Changes of objects that came in from the vendor, and that went out to it. */
    mirrored_in: number;
    mirrored_out: number;
    created_at: Ms;
  };
  pulls: {
    id: string;
    feed_id: string;
    status: string;
    trigger: string;
    /** How often it was taken up. */
    attempt: number;
    /** Faults since the last page that was kept. */
    tries: number;
    /** Workers lost since the last page that was kept. */
    deaths: number;
    due_at: Ms;
    /** When it began to wait for a rate limit without a page since. */
    waiting_since: Ms | null;
    lease_owner: string | null;
    lease_token: number;
    lease_until: Ms | null;
    /** When a worker that had a place for it last found no room over its connection. */
    room_sought_at: Ms | null;
    pages: number;
    created: number;
    updated: number;
    unchanged: number;
    duplicates: number;
    rejected: number;
    skipped: number;
    /** Objects that became absent. */
    absent: number;
    /** Objects past the feed's retention that left its collection. */
    forgotten: number;
    vendor_calls: number;
    waited_ms: number;
    fault: Json | null;
    created_at: Ms;
    started_at: Ms | null;
    ended_at: Ms | null;
  };
  /** Why objects of a pull were rejected or skipped. */
  pull_reasons: {
    pull_id: string;
    /** `rejected` or `skipped`. */
    kind: string;
    /** The code of a rejection; the plugin's words for what it skipped. */
    reason_key: string;
    code: string;
    reason: string;
    objects: number;
  };
  pull_log: {
    seq: Generated<number>;
    pull_id: string;
    at: Ms;
    level: string;
    message: string;
    fields: Json | null;
  };
  /** Objects that ended their plugin's process when they were alone with it; one row an object and plugin. */
  quarantine: {
    id: string;
    plugin_id: string;
    /** What the object met: another bundle, or another revision of the object, gets another try. */
    bundle_digest: string;
    version: string;
    object_seq: number;
    revision: number;
    run_id: string;
    fault: Json;
    /** Tries of the object in that run. */
    attempts: number;
    /** JSON list of the last log lines. */
    log: Json;
    at: Ms;
  };
  /** Objects that a feed has brought. */
  feed_objects: {
    feed_id: string;
    object_seq: number;
    /** Number of the full pass in which it was last seen. */
    seen_pass: number;
    seen_at: Ms;
    /** When it was found absent; null while it is there. */
    absent_at: Ms | null;
    /** The `mirror_rules` that it was first fetched by; null for a feed that cannot mirror. */
    mirror_version: number | null;
    /** The latest time at which the vendor changed it, as far as the feed says. */
    changed_at: Ms | null;
    /** What both sides last agreed on, field by field. */
    shadow: Json | null;
    /** The object's revision when it was last looked through for changes to send; null: never. */
    checked_revision: number | null;
  };
  /** What a feed's mirroring was set to, each time it was set. */
  mirror_rules: {
    feed_id: string;
    version: number;
    /** 1 when local changes of objects that were fetched by it go out. */
    goes_out: number;
    rules: Json;
  };
  /** The send of a feed that is under way. */
  mirror_sends: {
    feed_id: string;
    collection_id: string;
    /** Set by the transaction that makes the run; null until then. */
    run_id: string | null;
    created_at: Ms;
  };
  /** Objects whose local changes are on their way to the vendor, or did not get there. */
  mirror_offers: {
    feed_id: string;
    object_seq: number;
    /** `sending`, `refused`, `failed` or `unknown`. */
    status: string;
    /** Values by field. */
    offered: Json;
    /** What was agreed on when they were offered, by field. */
    base: Json;
    /** The pass of the last run that offered it. */
    pass_id: string | null;
    run_id: string | null;
    code: string | null;
    message: string | null;
    failures: number;
    retry_at: Ms | null;
    at: Ms;
  };
  /** Fields that both sides changed, and whose value won. */
  mirror_conflicts: {
    seq: Generated<number>;
    feed_id: string;
    object_seq: number;
    field: string;
    local_value: Json;
    local_source: string;
    local_at: Ms;
    vendor_value: Json;
    vendor_at: Ms;
    /** `local` or `vendor`. */
    winner: string;
    at: Ms;
  };
  /** What connections may still send, by rate group. Times are milliseconds by the database's clock. */
  rate_budgets: {
    connection_id: string;
    rate_group: string;
    /** When the last grants were given, newest first, as an array literal. */
    grants: string;
    /** How many of them are kept: as many as any rule has asked for. */
    kept: number;
    closed_until: number;
    /** Waves of refusals in a row that named no time. */
    refusals: number;
    backed_off_until: number;
  };
  /** Whether the vendors of connections are called. */
  circuits: {
    connection_id: string;
    /** How often it has opened. */
    era: number;
    /** How often since it was last closed; 0: it is closed. */
    level: number;
    /** In a row, while it was closed. */
    failures: number;
    failing_since: number;
    failed_at: number;
    open_until: number;
    probe_until: number;
  };
  /** OAuth2 access tokens by connection and the way they are asked for. The first three are null where there is none now. */
  access_tokens: {
    connection_id: string;
    kind: string;
    /** Of its own for each token that was ever kept. */
    token_id: string | null;
    /** A `SealedRecord` of the token with the account that it is for. */
    sealed: Json | null;
    renew_at: Ms | null;
    /** Counts up with each process that gets the next one. */
    turn: number;
    /** Until when that one has its turn; 0 once it is over. */
    turn_until: Ms;
  };
}
