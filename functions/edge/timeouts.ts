/**
 * How long each handler may take, seconds: for whoever deploys it. Handlers that change a cluster end within a minute, so
 * that the last one of a stopped execution is over before another run gives back. Those that read a whole cluster keep to
 * a quarter of AWS's read rates (20 a second): a look at 10,000 tasks is 250 calls, and a plan two of them.
 */
export const HANDLER_TIMEOUT_SECONDS = {
  trigger: 60,
  plan: 180,
  prepare: 180,
  assess: 180,
  register: 60,
  drain: 60,
  terminate: 60,
  restore: 60,
  report: 60,
  sweep: 180,
} as const;
