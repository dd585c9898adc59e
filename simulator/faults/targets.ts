/** What scripted faults do to the account's services. */
import type { AutoScalingService } from '../auto-scaling/service.ts';
import type { Capture } from '../capture/capture.ts';
import type { Alarms } from '../cloudwatch/service.ts';
import type { Ec2Service } from '../ec2/service.ts';
import type { ImageRegistry } from '../ecr/service.ts';
import type { EcsService } from '../ecs/ecs-service.ts';
import type { EventBus, EventEnvelope } from '../event-bridge/event-bus.ts';
import type { VirtualClock } from '../kernel/clock.ts';
import type { ParameterStore } from '../ssm/service.ts';
import type { StepFunctions } from '../step-functions/service.ts';
import type { Truth } from '../truth.ts';
import type { FaultTargets } from './actions.ts';

export interface FaultableServices {
  readonly capture: Capture;
  readonly clock: VirtualClock;
  readonly truth: Truth;
  readonly ec2: Ec2Service;
  readonly autoScaling: AutoScalingService;
  readonly ecs: EcsService;
  readonly ssm: ParameterStore;
  readonly alarms: Alarms;
  readonly imageRegistry: ImageRegistry;
  readonly stepFunctions: StepFunctions;
  readonly eventBridge: EventBus;
}

export function faultTargets(services: FaultableServices): FaultTargets {
  const { capture, clock, truth, ec2, autoScaling, ecs, ssm, alarms, imageRegistry } = services;
  const { stepFunctions, eventBridge } = services;

  /** Until when an alarm is in ALARM by a fault. */
  const soundsUntilMs = new Map<string, number>();

  /** Repository and reference of each container image of the service that lies in ECR. */
  const imagesOf = (serviceName: string) =>
    truth
      .services()
      .filter((service) => service.serviceName === serviceName)
      .flatMap((service) => imageReferences(ecs.taskDefinition(service.taskDefinitionArn)));

  return {
    terminateInstance: (instanceId, actor) => ec2.terminate(instanceId, actor),
    stopInstance: (instanceId, actor) => ec2.stop(instanceId, actor),
    interruptSpotInstance: (instanceId, actor) => ec2.spotInterrupt(instanceId, actor),
    scheduleInstanceEvent: (instanceId, code, notBeforeMs) =>
      ec2.scheduleInstanceEvent(instanceId, code, notBeforeMs),
    callOffInstanceEvents: (instanceId) => void ec2.callOffInstanceEvents(instanceId),
    disconnectAgent: (instanceId, seconds) => ecs.disconnectAgent(instanceId, seconds),
    setInstanceActive: (instanceId, actor) => ecs.setStatus(instanceId, 'ACTIVE', actor),
    endTask: (taskArn, exitCode) => void ecs.endTask({ task: taskArn }, exitCode),
    protectTask: (taskArn, seconds) => ecs.protectTasks(taskArn, seconds),
    retireFargateTask: (taskArn, startTimeMs) => ecs.retireFargateTask(taskArn, startTimeMs),
    scaleService: (serviceName, desired) => ecs.scaleService(serviceName, desired),
    deployService: (serviceName, good) => ecs.deployService(serviceName, good),
    changeLaunchTemplate: (group, imageId, actor) => autoScaling.changeLaunchTemplate(group, imageId, actor),
    putScheduledAction: (group, desired, atMs) => autoScaling.putScheduledAction(group, desired, atMs),
    rebalanceZones: (group) => autoScaling.rebalance(group),
    scaleIn: (group, actor) => autoScaling.scaleIn(group, 1, actor),
    startInstanceRefresh: (group, actor) => autoScaling.startInstanceRefresh(group, actor),
    publishImage: (parameter, imageId) => {
      const before = ssm.valueOf(parameter);
      const previous = imageIn(before);
      // A pipeline publishes what it has just built: an image like the one before, unless the capture knows it.
      if (!ec2.imageExists(imageId)) ec2.publishImage({ ImageId: imageId }, previous);
      ssm.put(parameter, before === undefined ? imageId : valueWith(before, imageId));
    },
    runningExecutions: () => stepFunctions.running().map(({ identity }) => identity.arn),
    stopExecution: (executionArn) => stepFunctions.execution(executionArn)?.stop(),
    sendEvent: (event) => eventBridge.deliver(event as unknown as EventEnvelope),
    soundAlarm: (name, seconds) => {
      alarms.setState(name, 'ALARM', 'Threshold Crossed');
      const untilMs = Math.max(clock.nowMs + seconds * 1000, soundsUntilMs.get(name) ?? 0);
      soundsUntilMs.set(name, untilMs);
      // A later fault may have made it longer.
      clock.at(untilMs, () => {
        if (clock.nowMs >= (soundsUntilMs.get(name) ?? 0))
          alarms.setState(name, 'OK', 'Threshold no longer crossed');
      });
    },
    deleteImageDigest: (serviceName) => {
      const gone = new Set<string>();
      for (const image of imagesOf(serviceName)) {
        gone.add(nameOfImage(image));
        const found = image.digest ?? digestOfTag(capture, image.repository, image.tag);
        if (found !== undefined) imageRegistry.deleteImage(image.repository, found);
      }
      ecs.breakPulls(serviceName);
      // Whoever else runs the same image cannot pull it either.
      for (const { serviceName: other } of truth.services())
        if (imagesOf(other).some((image) => gone.has(nameOfImage(image)))) ecs.breakPulls(other);
    },
    moveImageTag: (serviceName) => {
      for (const image of imagesOf(serviceName)) {
        const digest = `sha256:${'0'.repeat(48)}${String(clock.nowMs).padStart(16, '0')}`;
        imageRegistry.moveTag(image.repository, image.tag ?? 'latest', digest);
        if (image.digest === undefined) ecs.tagMoved(image.image, digest);
      }
    },
  };
}

/** An image named by its tag: the digest that the tag had when the cluster was captured. */
function digestOfTag(capture: Capture, repository: string, tag = 'latest'): string | undefined {
  return capture.ecr.images.find(
    (image) => image.repositoryName === repository && image.imageTags?.includes(tag),
  )?.imageDigest;
}

function nameOfImage({ repository, digest, tag = 'latest' }: ImageReference): string {
  return `${repository}@${digest ?? tag}`;
}

interface ImageReference {
  /** As the task definition has it. */
  readonly image: string;
  readonly repository: string;
  readonly digest?: string;
  readonly tag?: string;
}

/** `ACCOUNT.dkr.ecr.REGION.amazonaws.com/REPOSITORY[:TAG][@DIGEST]`; images elsewhere are not the account's. */
const ECR_IMAGE = /^\d{12}\.dkr\.ecr\.[^/]+\/([^:@]+)(?::([^@]+))?(?:@(sha256:[0-9a-f]+))?$/;

function imageReferences(definition: unknown): ImageReference[] {
  const { containerDefinitions = [] } = (definition ?? {}) as {
    containerDefinitions?: readonly { readonly image?: string }[];
  };
  return containerDefinitions.flatMap(({ image = '' }) => {
    const found = ECR_IMAGE.exec(image);
    if (!found?.[1]) return [];
    const [, repository, tag, digest] = found;
    return [
      { image, repository, ...(tag !== undefined && { tag }), ...(digest !== undefined && { digest }) },
    ];
  });
}

/** A public parameter holds JSON with an `image_id`, others the bare id. Source: ECS developer guide, retrieve-ecs-optimized_AMI. */
function imageIn(value: string | undefined): string | undefined {
  return value === undefined ? undefined : (imageDocument(value)?.image_id ?? value);
}

function valueWith(before: string, imageId: string): string {
  const document = imageDocument(before);
  return document ? JSON.stringify({ ...document, image_id: imageId }) : imageId;
}

function imageDocument(value: string): { image_id: string } | undefined {
  try {
    const parsed: unknown = JSON.parse(value);
    return typeof parsed === 'object' && parsed !== null && 'image_id' in parsed
      ? (parsed as { image_id: string })
      : undefined;
  } catch {
    return undefined;
  }
}
