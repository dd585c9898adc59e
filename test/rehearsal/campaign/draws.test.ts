/** What a seed draws: always the same, everything that the campaign is about, and nothing that a scenario cannot hold. */
import { describe, expect, it } from 'vitest';
import { DRAWN_KINDS, type DrawnKind } from '../../../rehearsal/campaign/draw-faults.ts';
import { type DrawnRun, drawRun } from '../../../rehearsal/campaign/draw-run.ts';
import { parseScenario } from '../../../rehearsal/scenario.ts';
import { parseCapture } from '../../../simulator/capture/parse.ts';
import { FAULT_KINDS } from '../../../simulator/faults/schema.ts';

const RUNS = Array.from({ length: 300 }, (_, at) => drawRun(at + 1));
const some = (holds: (run: DrawnRun) => boolean) => RUNS.filter(holds).length;
const services = ({ spec }: DrawnRun) => spec.services.filter(({ daemon }) => !daemon);
const kindsOf = (run: DrawnRun) => new Set(run.faults.map(({ kind }) => kind));

describe('what a seed draws', () => {
  it('is the same each time', () => {
    expect(drawRun(4711)).toEqual(drawRun(4711));
    expect(drawRun(4711)).not.toEqual(drawRun(4712));
  });

  it('is a capture and a scenario that `rollover rehearse` takes', () => {
    for (const { capture, scenario } of RUNS.slice(0, 100)) {
      expect(parseScenario(JSON.parse(JSON.stringify(scenario)))).toMatchObject({ ok: true });
      expect(parseCapture(JSON.parse(JSON.stringify(capture)))).toHaveProperty('ok');
    }
  });

  it('is every kind of cluster often enough', () => {
    const counts = {
      twoGroups: some(({ spec }) => spec.groups.length === 2),
      fixedSize: some(({ spec }) => spec.groups.some((group) => group.maxSize === group.hosts)),
      standalone: some(({ spec }) => (spec.standalone ?? []).length > 0),
      mayStopFirst: some((run) =>
        services(run).some(({ minimumHealthyPercent = 100 }) => minimumHealthyPercent < 100),
      ),
      ports: some((run) => services(run).some(({ hostPort }) => hostPort !== undefined)),
      warmPools: some(({ spec }) => spec.groups.some((group) => group.warmPoolSize !== undefined)),
      networkInterfaces: some((run) => services(run).some(({ networkMode }) => networkMode === 'awsvpc')),
      providers: some((run) =>
        services(run).some(({ capacityProviders }) => capacityProviders !== undefined),
      ),
      namedHosts: some(({ start }) => 'instances' in ((start.request ?? {}) as object)),
      events: some(({ start }) => start.event !== undefined),
      withoutFaults: some(({ faults }) => faults.length === 0),
    };
    expect(Object.entries(counts).filter(([, count]) => count < 20)).toEqual([]);
  });

  it('is every kind of fault', () => {
    const drawn = new Set(RUNS.flatMap(({ faults }) => faults.map(({ kind }) => kind)));
    expect(FAULT_KINDS.filter((kind) => !drawn.has(kind))).toEqual([]);
    expect([...DRAWN_KINDS].sort()).toEqual([...FAULT_KINDS].sort());
  });

  it('is of the kinds that were asked for, or no fault at all', () => {
    const only: DrawnKind[] = ['stop-execution', 'lost-response'];
    for (let seed = 1; seed <= 40; seed += 1) {
      const run = drawRun(seed, only);
      expect(run.faults.length).toBeGreaterThan(0);
      for (const kind of kindsOf(run)) expect(only).toContain(kind);
      expect(drawRun(seed, []).faults).toEqual([]);
      // The same cluster under every choice of faults: what differs is what strikes.
      expect(run.spec).toEqual(drawRun(seed).spec);
    }
  });

  it('ends what would stand for ever, by a later fault of the scenario', () => {
    const standing = ['stale-reads', 'drop-events', 'duplicate-events'] as const;
    for (const kind of standing) {
      for (let seed = 1; seed <= 20; seed += 1) {
        const run = drawRun(seed, [kind]);
        const armed = run.scenario.faults as readonly Readonly<Record<string, unknown>>[];
        const heals = armed.slice(run.faults.length);
        expect(heals).toHaveLength(run.faults.length);
        for (const [at, heal] of heals.entries()) {
          expect(heal).toMatchObject(kind === 'stale-reads' ? { lagSeconds: 0 } : { share: 0 });
          expect(heal.service).toBe(run.faults[at]?.service);
          expect(heal.atSeconds).toBeGreaterThan(run.faults[at]?.atSeconds as number);
        }
      }
    }
  });
});
