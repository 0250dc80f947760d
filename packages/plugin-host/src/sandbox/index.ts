export { CODE_FILE, isOpenToAll, type IsolationReport } from './isolation.js';
export { HookInvocation, type HookRequest, refused } from './hook-invocation.js';
export { parseUntrustedJson } from './json-guard.js';
export { PluginCache } from './plugin-cache.js';
export { PluginPeer, type PluginLink } from './plugin-peer.js';
export { DEFAULT_SANDBOX_LIMITS, type SandboxLimits } from './sandbox-limits.js';
export type { SandboxLogger } from './sandbox-logger.js';
export { SandboxedPluginRuntime, type SandboxedPluginRuntimeOptions } from './sandboxed-plugin-runtime.js';
