/**
 * The embedded AWS account: every service, put together on one virtual clock, seeded from a capture.
 *
 * Starts with `createAccount`, which sets everything up as captured. Virtual time begins with `install()` and passes only
 * inside `clock.run(…)`. Ends with `uninstall()` (always: in a `finally`), which gives the real clock and `Math.random`
 * back and takes the account away from the SDK clients. One account at a time may be installed in a process.
 */
import { createTruth } from './account-truth.ts';
import { ServiceScaling } from './application-auto-scaling/service.ts';
import { AutoScalingService } from './auto-scaling/service.ts';
import type { Capture } from './capture/capture.ts';
import { MeasuredAlarms } from './cloudwatch/measured-alarms.ts';
import { Metrics } from './cloudwatch/metrics.ts';
import { Alarms } from './cloudwatch/service.ts';
import {
  type AttachableClient,
  type CallCounts,
  Dispatcher,
  type NoisyNeighbour,
} from './dispatch/dispatcher.ts';
import type { BucketSize } from './dispatch/token-bucket.ts';
import { DynamoDb, type DynamoDbCost } from './dynamodb/service.ts';
import { Ec2Service } from './ec2/service.ts';
import { ImageRegistry } from './ecr/service.ts';
import { EcsService } from './ecs/ecs-service.ts';
import { LoadBalancingService } from './elastic-load-balancing/service.ts';
import { EventBus, type EventDelivery } from './event-bridge/event-bus.ts';
import { Scheduler } from './event-bridge/scheduler.ts';
import { ScriptedActions } from './faults/actions.ts';
import { FaultEngine } from './faults/engine.ts';
import { faultTargets } from './faults/targets.ts';
import { BuiltImages } from './image-builder/service.ts';
import { VirtualClock } from './kernel/clock.ts';
import { RandomStreams } from './kernel/random.ts';
import { useForMathRandom } from './kernel/virtual-random.ts';
import { type LambdaCost, LambdaRuntime } from './lambda/runtime.ts';
import type { Observation, Observer } from './observation.ts';
import { presentState } from './present-state.ts';
import { drawReadings, type Readings } from './readings.ts';
import { registerServiceQuotas } from './service-quotas/service.ts';
import { type AccountSignals, createSignals } from './signals.ts';
import { registerSns } from './sns/service.ts';
import { Queues } from './sqs/queues.ts';
import { ParameterStore } from './ssm/service.ts';
import { type ExecutionCost, StepFunctions } from './step-functions/service.ts';
import { type TimingOverrides, timingsOf } from './timings.ts';
import type { Truth } from './truth.ts';
import type { ServiceName, Signals, World } from './world.ts';

export { asCaller } from './kernel/caller.ts';

export interface AccountOptions {
  readonly capture: Capture;
  /** Same capture, seed and callers: the same run. */
  readonly seed: number;
  /** Seconds; they win over what the capture shows. */
  readonly timings?: TimingOverrides;
  /** What others in the account take: a share of every bucket's refill, or calls a second by bucket. */
  readonly noisyNeighbour?: NoisyNeighbour;
  /** Sizes of token buckets by name, over the documented or (Auto Scaling, Elastic Load Balancing) assumed ones. */
  readonly bucketSizes?: Readonly<Record<string, BucketSize>>;
  /** Lambda invocations at once, all functions together; 1,000 unless given. */
  readonly lambdaConcurrency?: number;
  /** How often EventBridge loses (best-effort sources) or repeats events, without any fault. */
  readonly eventDelivery?: Partial<EventDelivery>;
  /** Fixes AWS's behaviour where it is unconfirmed; drawn from the seed otherwise. */
  readonly readings?: Partial<Readings>;
}

/** What the run has cost so far; the prices are not the account's. */
export interface AccountCost {
  readonly calls: CallCounts;
  readonly lambda: LambdaCost;
  readonly stepFunctions: ExecutionCost;
  readonly dynamodb: DynamoDbCost;
  /** Custom events published. */
  readonly events: number;
}

export interface Account {
  readonly accountId: string;
  readonly region: string;
  readonly clock: VirtualClock;
  readonly truth: Truth;
  readonly signals: Pick<Signals, 'onSettled'>;
  readonly lambda: LambdaRuntime;
  readonly stepFunctions: StepFunctions;
  readonly dynamodb: DynamoDb;
  readonly eventBridge: EventBus;
  readonly queues: Queues;
  readonly scheduler: Scheduler;
  readonly ssm: ParameterStore;
  readonly imageBuilder: BuiltImages;
  /** `tell` what runs here, `arm` faults, read `records`. */
  readonly faults: FaultEngine;
  /** AWS's behaviour where it is unconfirmed, as this account chose it. */
  readonly readings: Readings;
  /** Virtual time and seeded randomness take over the process. */
  install(): void;
  uninstall(): void;
  /** Puts the account behind this SDK client until the function returned is called or the account is uninstalled. */
  attach(client: AttachableClient, service: ServiceName): () => void;
  /**
   * Tells the observer the present state of every host, container instance, task and service at once, then whatever
   * happens.
   *
   * @returns ends it
   */
  observe(observer: Observer): () => void;
  /** Nothing is on its way: no execution, invocation, call or event. Schedules and hosts may still be at work. */
  isQuiet(): boolean;
  cost(): AccountCost;
}

export function createAccount(options: AccountOptions): Account {
  const { capture } = options;
  const clock = new VirtualClock(capture.capturedAt.getTime());
  const random = new RandomStreams(options.seed);
  const signals = createSignals(clock);
  const observers = new Set<Observer>();
  const world = emptyWorld(options, clock, random, signals);
  const { accountId, region, timings } = world;

  const truth = createTruth(clock, () => ({ ec2, autoScaling, ecs }));
  const record = (observation: Observation) => {
    for (const observer of observers) observer(observation, clock.nowMs);
    faults.observe(observation);
    signals.changed();
  };
  world.record = record;
  const faults: FaultEngine = new FaultEngine({ clock, random, truth, record, actions: () => actions });
  world.faults = faults.board;
  const { noisyNeighbour, bucketSizes, lambdaConcurrency, eventDelivery } = options;
  const parts = { clock, random, accountId, region, timings, faults: faults.board, record };
  const dispatcher = new Dispatcher({
    ...parts,
    ...(noisyNeighbour !== undefined && { noisyNeighbour }),
    ...(bucketSizes && { bucketSizes }),
  });
  world.registry = dispatcher;

  const lambda = new LambdaRuntime({
    ...parts,
    crashIsUnknown: world.readings.crashIsUnknown,
    ...(lambdaConcurrency !== undefined && { concurrency: lambdaConcurrency }),
  });
  const queues = new Queues({ ...parts, lambda });
  const eventBridge = new EventBus({
    ...parts,
    registry: dispatcher,
    lambda,
    queues,
    startExecution: (arn, input) => void stepFunctions.start(arn, input),
    ...(eventDelivery && { delivery: eventDelivery }),
  });
  world.bus = eventBridge;
  const stepFunctions: StepFunctions = new StepFunctions({
    ...parts,
    registry: dispatcher,
    lambda,
    emit: (event) => eventBridge.emit(event),
  });
  const beside = { ...parts, registry: dispatcher, bus: eventBridge };
  const dynamodb = new DynamoDb(beside);
  const scheduler = new Scheduler({ ...parts, lambda });
  const imageExists = (imageId: string) => world.ec2.imageExists(imageId);
  const ssm = new ParameterStore({ ...beside, imageExists }, capture.ssm.parameters);
  world.ssm = ssm;
  world.metrics = new Metrics({ clock, registry: dispatcher });
  const alarms = new Alarms(beside, capture.cloudWatch.alarms);
  world.alarms = alarms;
  const imageRegistry = new ImageRegistry(beside, capture.ecr.images);
  const imageBuilder = new BuiltImages(beside, capture.ec2.images);
  registerSns(beside);
  registerServiceQuotas(dispatcher, capture.serviceQuotas.quotas);

  const ec2: Ec2Service = new Ec2Service(world, capture);
  const autoScaling: AutoScalingService = new AutoScalingService(world, capture);
  const loadBalancing = new LoadBalancingService(world, capture);
  const ecs: EcsService = new EcsService(world, capture);
  Object.assign(world, { ec2, autoScaling, loadBalancing, ecs });
  const actions = new ScriptedActions(
    faultTargets({
      capture,
      clock,
      truth,
      ec2,
      autoScaling,
      ecs,
      ssm,
      alarms,
      imageRegistry,
      stepFunctions,
      eventBridge,
    }),
    truth,
    random.stream('faults/actions'),
  );
  // In the order in which each finds what it builds upon: tasks stand on hosts and are targets.
  const serviceScaling = new ServiceScaling(world, ecs, capture.applicationAutoScaling);
  const measured = new MeasuredAlarms(world, capture.cloudWatch.alarms);
  for (const part of [ec2, autoScaling, loadBalancing, ecs, serviceScaling, measured]) part.seed();

  const detachers = new Set<() => void>();
  let giveRandomBack: (() => void) | undefined;
  signals.onSettled(() => faults.settled());

  return {
    accountId,
    region,
    clock,
    truth,
    signals,
    lambda,
    stepFunctions,
    dynamodb,
    eventBridge,
    queues,
    scheduler,
    ssm,
    imageBuilder,
    faults,
    readings: world.readings,
    install() {
      clock.install();
      giveRandomBack = useForMathRandom(random.stream('math'));
    },
    uninstall() {
      for (const detach of detachers) detach();
      giveRandomBack?.();
      giveRandomBack = undefined;
      clock.uninstall();
    },
    attach(client, service) {
      const take = dispatcher.attach(client, service);
      const detach = () => {
        if (detachers.delete(detach)) take();
      };
      detachers.add(detach);
      return detach;
    },
    observe(observer) {
      for (const observation of presentState(truth)) observer(observation, clock.nowMs);
      observers.add(observer);
      return () => void observers.delete(observer);
    },
    isQuiet: () =>
      stepFunctions.running().length === 0 &&
      eventBridge.underway === 0 &&
      queues.pending === 0 &&
      lambda.pending === 0 &&
      dispatcher.inFlight === 0,
    cost: () => ({
      calls: dispatcher.counts,
      lambda: lambda.cost,
      stepFunctions: stepFunctions.cost,
      dynamodb: dynamodb.cost,
      events: eventBridge.published,
    }),
  };
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** The services' view of each other, filled in while they are made; none of them looks before all are there. */
function emptyWorld(
  { capture, timings, readings }: AccountOptions,
  clock: VirtualClock,
  random: RandomStreams,
  signals: AccountSignals,
): Mutable<World> {
  return {
    accountId: capture.accountId,
    region: capture.region,
    clock,
    random,
    timings: timingsOf(capture, timings),
    readings: drawReadings(random, readings),
    signals,
  } satisfies Partial<World> as unknown as Mutable<World>;
}
