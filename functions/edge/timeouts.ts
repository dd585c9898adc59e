/**
 * How long each handler may take, seconds: for whoever deploys it. A stopped execution's last Lambda may still be at work;
 * it must be over before another run gives back what it touched.
 */
export const HANDLER_TIMEOUT_SECONDS = 60;
