/**
 * Amazon EC2 of the account: instances, images, launch templates, subnets, types.
 *
 * Starts with `seed()`, when all services exist; never ends before the account. Nothing in here reaches into another
 * service but through its port.
 */
import type {
  CreateTagsRequest,
  DeleteTagsRequest,
  DescribeInstanceEventWindowsRequest,
  Image,
  InstanceTypeInfo,
  ResponseLaunchTemplateData,
} from '@aws-sdk/client-ec2';
import type { Capture } from '../capture/capture.ts';
import { awsError } from '../kernel/aws-error.ts';
import { plainText } from '../kernel/user-data.ts';
import type { Actor } from '../observation.ts';
import type { LaunchTemplateTruth } from '../truth.ts';
import type {
  Ec2Port,
  Instance,
  InstanceTypeRecord,
  LaunchRequest,
  LaunchTemplateUse,
  World,
} from '../world.ts';
import { describeInstanceEventWindows } from './event-windows.ts';
import { Fleet } from './fleet.ts';
import { type ImageState, Images } from './images.ts';
import { endByUser, haltByUser, InstanceApi } from './instance-api.ts';
import { InstanceStatuses } from './instance-status.ts';
import { InstanceTypes } from './instance-types.ts';
import { LaunchTemplateApi } from './launch-template-api.ts';
import { LaunchTemplateStore, latestVersion, type TemplateName, versionOf } from './launch-template-store.ts';
import { Subnets } from './subnets.ts';

/** "two minutes" (Amazon EC2 user guide, spot-instance-termination-notices). */
const SPOT_NOTICE_MS = 120_000;
const SSM_PREFIX = 'resolve:ssm:';

export class Ec2Service implements Ec2Port {
  readonly #world: World;
  readonly #capture: Capture;
  readonly #subnets: Subnets;
  readonly #types: InstanceTypes;
  readonly #eventWindows: Capture['ec2']['eventWindows'];
  readonly #images: Images;
  readonly #fleet: Fleet;
  readonly #templates: LaunchTemplateStore;
  readonly #templateApi: LaunchTemplateApi;
  readonly #instanceApi: InstanceApi;
  readonly #statuses: InstanceStatuses;

  constructor(world: World, capture: Capture) {
    this.#world = world;
    this.#capture = capture;
    this.#subnets = new Subnets(capture);
    this.#types = new InstanceTypes(capture);
    this.#eventWindows = capture.ec2.eventWindows;
    this.#images = new Images(world, capture);
    this.#fleet = new Fleet(world, capture, this.#images, this.#types, this.#subnets);
    this.#templates = new LaunchTemplateStore(capture);
    this.#templateApi = new LaunchTemplateApi(world, this.#templates, (reference) =>
      this.resolveImage(reference),
    );
    this.#instanceApi = new InstanceApi(world, this.#fleet);
    this.#statuses = new InstanceStatuses(world, this.#fleet, this.#instanceApi);
    this.#register();
  }

  /** The instances of the capture, and the events that await them. */
  seed(): void {
    const groupOf = new Map(
      this.#capture.autoScaling.autoScalingGroups.flatMap((group) =>
        (group.Instances ?? []).map((member) => [member.InstanceId ?? '', group.AutoScalingGroupName ?? '']),
      ),
    );
    const statusOf = new Map(
      this.#capture.ec2.instanceStatuses.map((status) => [status.InstanceId ?? '', status]),
    );
    for (const instance of this.#capture.ec2.instances) {
      const instanceId = instance.InstanceId ?? '';
      const tag = (key: string) => instance.Tags?.find(({ Key }) => Key === key)?.Value;
      const template = this.#templates.find({ LaunchTemplateId: tag('aws:ec2launchtemplate:id') });
      const data = template && versionOf(template, tag('aws:ec2launchtemplate:version'))?.LaunchTemplateData;
      const status = statusOf.get(instanceId);
      this.#fleet.adopt(instance, {
        group: groupOf.get(instanceId) ?? tag('aws:autoscaling:groupName') ?? null,
        userData: plainText(data?.UserData),
        disableApiTermination: data?.DisableApiTermination ?? false,
        impaired: {
          instance: status?.InstanceStatus?.Status === 'impaired',
          system: status?.SystemStatus?.Status === 'impaired',
        },
        events: (status?.Events ?? []).map((event) => ({ ...event })),
      });
    }
    this.#statuses.seed();
  }

  instance(instanceId: string): Instance | undefined {
    return this.#fleet.get(instanceId);
  }

  instances(): Iterable<Instance> {
    return this.#fleet.all();
  }

  launch(request: LaunchRequest, actor: Actor) {
    return this.#fleet.launch(request, actor);
  }

  terminate(instanceId: string, actor: Actor): void {
    const record = this.#fleet.get(instanceId);
    if (record) endByUser(this.#fleet, record, actor);
  }

  stop(instanceId: string, actor: Actor): void {
    const record = this.#fleet.get(instanceId);
    if (record) haltByUser(this.#fleet, record, actor);
  }

  start(instanceId: string, actor: Actor): void {
    const record = this.#fleet.get(instanceId);
    if (record) this.#fleet.start(record, actor);
  }

  resolveImage(reference: string): string | undefined {
    if (!reference.startsWith(SSM_PREFIX)) return reference;
    return this.#world.ssm.valueOf(reference.slice(SSM_PREFIX.length));
  }

  isSpot(instanceId: string): boolean {
    return this.#fleet.get(instanceId)?.spot ?? false;
  }

  stateReason(instanceId: string): string | undefined {
    return this.#fleet.get(instanceId)?.stateReason?.Message;
  }

  imageExists(imageId: string): boolean {
    return this.#images.get(imageId) !== undefined;
  }

  instanceTypes(): readonly InstanceTypeInfo[] {
    return this.#types.all();
  }

  instanceType(name: string): InstanceTypeRecord | undefined {
    return this.#types.record(name);
  }

  zoneOfSubnet(subnetId: string): string | undefined {
    return this.#subnets.zoneOf(subnetId);
  }

  defaultSubnet(zone: string): string {
    return this.#subnets.defaultOf(zone);
  }

  takeAddress(subnetId: string): boolean {
    return this.#subnets.takeAddress(subnetId);
  }

  releaseAddress(subnetId: string): void {
    this.#subnets.releaseAddress(subnetId);
  }

  launchTemplate(name: TemplateName & { readonly Version?: string | undefined }): LaunchTemplateUse {
    const template = this.#templates.find(name);
    if (!template) {
      return {
        failure: `The specified launch template, with template ${name.LaunchTemplateId !== undefined ? `ID ${name.LaunchTemplateId}` : `name ${name.LaunchTemplateName}`}, does not exist.`,
      };
    }
    const version = versionOf(template, name.Version);
    if (!version) {
      return {
        failure: `Could not find the specified version ${name.Version} for the launch template with ID ${template.id}.`,
      };
    }
    const data: ResponseLaunchTemplateData = version.LaunchTemplateData ?? {};
    return { id: template.id, name: template.name, version: version.VersionNumber ?? 0, data };
  }

  launchTemplates(): LaunchTemplateTruth[] {
    return [...this.#templates.all()].map((template) => ({
      launchTemplateId: template.id,
      defaultVersion: template.defaultVersion,
      latestVersion: latestVersion(template),
    }));
  }

  /**
   * EC2 sees that the Spot instance is at elevated risk; nothing more need come of it. Source: Amazon EC2 user guide,
   * rebalance-recommendations. Unlike the warning, its ARN is an instance's.
   */
  recommendRebalance(instanceId: string): void {
    const record = this.#fleet.get(instanceId);
    if (record?.state !== 'running') return;
    this.#world.bus.emit({
      source: 'aws.ec2',
      detailType: 'EC2 Instance Rebalance Recommendation',
      resources: [`arn:aws:ec2:${this.#world.region}:${this.#world.accountId}:instance/${instanceId}`],
      detail: { 'instance-id': instanceId },
      delivery: 'best-effort',
    });
    this.#world.autoScaling.considerAtRisk(instanceId);
  }

  /** Two minutes' notice, then EC2 takes the Spot instance; the notice is best effort, the end is not. */
  spotInterrupt(instanceId: string, actor: Actor): void {
    const record = this.#fleet.get(instanceId);
    if (record?.state !== 'running') return;
    // "the rebalance recommendation signal can arrive along with the two-minute interruption notice"
    if (this.#world.random.stream('ec2/rebalance-recommendations').chance(0.5))
      this.recommendRebalance(instanceId);
    else this.#world.autoScaling.considerAtRisk(instanceId);
    this.#world.bus.emit({
      source: 'aws.ec2',
      detailType: 'EC2 Spot Instance Interruption Warning',
      // Sic: the zone where the Region belongs, and no account.
      resources: [`arn:aws:ec2:${record.zone}:instance/${instanceId}`],
      detail: { 'instance-id': instanceId, 'instance-action': 'terminate' },
      delivery: 'best-effort',
    });
    if (/ECS_ENABLE_SPOT_INSTANCE_DRAINING=["']?true/.test(record.userData ?? '')) {
      this.#world.ecs.startDraining(instanceId, { kind: 'aws', name: 'spot-interruption' });
    }
    this.#world.clock.after(SPOT_NOTICE_MS, () =>
      this.#fleet.end(record, actor, {
        Code: 'Server.SpotInstanceTermination',
        Message: 'Server.SpotInstanceTermination: Spot instance termination',
      }),
    );
  }

  scheduleInstanceEvent(instanceId: string, code: string, notBeforeMs: number, deadlineMs?: number): void {
    this.#statuses.schedule(instanceId, code, notBeforeMs, deadlineMs);
  }

  /** Whether it had scheduled anything for the instance. */
  callOffInstanceEvents(instanceId: string): boolean {
    return this.#statuses.callOff(instanceId);
  }

  /** Makes an image known, shaped like another one where nothing is said. */
  publishImage(image: Image & { ImageId: string }, like?: string): void {
    this.#images.register(image, like);
  }

  setImageState(imageId: string, state: ImageState): void {
    this.#images.setState(imageId, state);
  }

  /** A new version with this image, based on the one that the reference means; its number. As an owner would do it. */
  newTemplateVersion(name: TemplateName, sourceVersion: string, imageId: string): string {
    const { LaunchTemplateVersion: version } = this.#templateApi.createLaunchTemplateVersion(
      {
        LaunchTemplateId: this.#template(name).id,
        SourceVersion: sourceVersion,
        LaunchTemplateData: { ImageId: imageId },
      },
      { functionName: 'outside', actor: { kind: 'fault', name: 'change-launch-template' }, lagMs: 0 },
    );
    return String(version.VersionNumber);
  }

  setDefaultTemplateVersion(name: TemplateName, version: string): void {
    this.#templateApi.modifyLaunchTemplate({
      LaunchTemplateId: this.#template(name).id,
      DefaultVersion: version,
    });
  }

  /** A group's description holds id and name of its template; a call takes one of them. */
  #template(name: TemplateName) {
    const template = this.#templates.find(name);
    if (!template) throw new Error('the group names a launch template that the account does not have');
    return template;
  }

  #createTags(input: CreateTagsRequest): object {
    for (const id of input.Resources ?? []) {
      this.#retag(id, (tags) => {
        for (const { Key, Value } of input.Tags ?? []) if (Key !== undefined) tags[Key] = Value ?? '';
      });
    }
    return {};
  }

  #deleteTags(input: DeleteTagsRequest): object {
    for (const id of input.Resources ?? []) {
      this.#retag(id, (tags) => {
        for (const { Key, Value } of input.Tags ?? []) {
          if (Key !== undefined && (Value === undefined || tags[Key] === Value)) delete tags[Key];
        }
      });
    }
    return {};
  }

  #retag(id: string, change: (tags: Record<string, string>) => void): void {
    const template = this.#templates.find({ LaunchTemplateId: id });
    if (template) {
      change(template.tags);
      this.#templateApi.changed(template);
      return;
    }
    const [record] = this.#instanceApi.visible([id], 0).map(() => this.#fleet.get(id));
    if (!record) throw awsError('InvalidID', `The ID '${id}' is not valid`);
    change(record.tags);
    this.#fleet.changed(record);
  }

  #register(): void {
    const instances = this.#instanceApi;
    const templates = this.#templateApi;
    this.#world.registry.register('EC2', {
      DescribeInstances: instances.describeInstances.bind(instances),
      DescribeInstanceAttribute: instances.describeInstanceAttribute.bind(instances),
      ModifyInstanceAttribute: instances.modifyInstanceAttribute.bind(instances),
      TerminateInstances: instances.terminateInstances.bind(instances),
      StartInstances: instances.startInstances.bind(instances),
      StopInstances: instances.stopInstances.bind(instances),
      DescribeInstanceStatus: this.#statuses.describeInstanceStatus.bind(this.#statuses),
      ModifyInstanceEventStartTime: this.#statuses.modifyInstanceEventStartTime.bind(this.#statuses),
      DescribeInstanceEventWindows: (input: DescribeInstanceEventWindowsRequest) =>
        describeInstanceEventWindows(this.#eventWindows, input),
      DescribeImages: this.#images.describeImages.bind(this.#images),
      DescribeInstanceTypes: this.#types.describeInstanceTypes.bind(this.#types),
      DescribeSubnets: this.#subnets.describeSubnets.bind(this.#subnets),
      DescribeLaunchTemplates: templates.describeLaunchTemplates.bind(templates),
      DescribeLaunchTemplateVersions: templates.describeLaunchTemplateVersions.bind(templates),
      CreateLaunchTemplateVersion: templates.createLaunchTemplateVersion.bind(templates),
      ModifyLaunchTemplate: templates.modifyLaunchTemplate.bind(templates),
      DeleteLaunchTemplateVersions: templates.deleteLaunchTemplateVersions.bind(templates),
      CreateTags: (input: CreateTagsRequest) => this.#createTags(input),
      DeleteTags: (input: DeleteTagsRequest) => this.#deleteTags(input),
    });
  }
}
