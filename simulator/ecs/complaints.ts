/**
 * What a service scheduler says when something keeps a service from its steady state.
 * Source: Amazon ECS developer guide, service-event-messages: duplicates "are omitted until either the cause is resolved
 * or six hours passes". That page speaks of the view of events; whether failed attempts are left out of the API's answer
 * too is unconfirmed (`readings.repeatedServiceMessagesOmitted`).
 */
import type { Parts } from './parts.ts';
import type { ServiceRecord } from './records.ts';

const SAID_AGAIN_AFTER_MS = 6 * 3_600_000;

/** Something that is tried again and again: each attempt says so, unless repeated messages are omitted. */
export function complainOfAttempt(parts: Parts, service: ServiceRecord, text: string): void {
  if (parts.world.readings.repeatedServiceMessagesOmitted) complainOfState(parts, service, text);
  else say(parts, service, text);
}

/** Something that lasts: said once, until it is over or six hours have passed. */
export function complainOfState(parts: Parts, service: ServiceRecord, text: string): void {
  const saidAtMs = service.complaints.get(text);
  if (saidAtMs === undefined || parts.world.clock.nowMs - saidAtMs >= SAID_AGAIN_AFTER_MS)
    say(parts, service, text);
}

/** Whatever it was, it is over. */
export function resolveComplaints(service: ServiceRecord): void {
  service.complaints.clear();
}

function say(parts: Parts, service: ServiceRecord, text: string): void {
  service.complaints.set(text, parts.world.clock.nowMs);
  parts.journal.serviceSays(service, text);
}
