/**
 * The settings that a decision reads, all present and parsed. Names, defaults, accepted values and documentation have
 * one source, the schema table in `functions/edge/settings.ts`, whose result this type is.
 */

/** `100%` of a group, rounded up, or a number of hosts. */
export type Amount = { readonly percent: number } | { readonly count: number };

/** `Tue 02:00-05:00 Europe/Berlin`, parsed. Days are ISO weekdays, 1 = Monday; an end at or before the start is the next day. */
export interface MaintenanceWindow {
  readonly text: string;
  readonly weekdays: readonly number[];
  readonly startMinute: number;
  readonly endMinute: number;
  readonly timeZone: string;
}

/** A date range in which nothing disruptive starts; both ends inclusive, whole days in the time zone. */
export interface Freeze {
  readonly text: string;
  readonly from: string;
  readonly to: string;
  readonly timeZone: string;
}

export interface Settings {
  readonly surge: Amount;
  readonly surgeMaxInstances: number;
  readonly maxTasksInMotionPercent: number;
  readonly canaryInstances: number;
  readonly bakeSeconds: number;
  readonly registrationTimeoutSeconds: number;
  readonly drainTimeoutSeconds: number;
  readonly standaloneTasks: 'wait' | 'hold' | 'stop';
  readonly standaloneTimeoutSeconds: number;
  readonly protectedTasks: 'wait' | 'hold' | 'stop';
  readonly protectedTimeoutSeconds: number;
  readonly onDrainTimeout: 'hold' | 'stop-tasks' | 'rollback';
  /** Undefined: unlimited. */
  readonly maxHeldInstances?: number;
  readonly alarms: readonly string[];
  /** One source for every group, or one by Auto Scaling group name. */
  readonly imageSource: string | Readonly<Record<string, string>>;
  readonly imageOwners: readonly string[];
  readonly minImageAgeHours: number;
  readonly maxInstanceAgeDays?: number;
  /** Over so many days before that limit the hosts of one launch date are replaced. */
  readonly instanceAgeSpreadDays: number;
  readonly raiseMaxSize: boolean;
  /** Empty: always open. */
  readonly windows: readonly MaintenanceWindow[];
  readonly freezes: readonly Freeze[];
  readonly deadlineMarginHours: number;
  /** Whether somebody has to say yes, and when; and for how long is waited for it. */
  readonly approval: 'none' | 'before-start' | 'after-canary';
  readonly approvalTimeoutHours: number;
  readonly onRebootMaintenance: 'replace' | 'wait' | 'tell';
  readonly onNetworkMaintenance: 'replace' | 'wait' | 'tell';
  readonly onPowerMaintenance: 'replace' | 'wait' | 'tell';
  /** Deployments that are forced at the same time. */
  readonly servicesAtOnce: number;
  readonly after?: { readonly cluster: string; readonly soakHours: number };
  readonly notificationTopicArn?: string;
  /** What the tags of a group change for its hosts, by Auto Scaling group name; read through `settingsFor`. */
  readonly byGroup?: Readonly<Record<string, Partial<Omit<Settings, 'byGroup'>>>>;
}

/** The settings in force for the hosts of one group. */
export function settingsFor(settings: Settings, autoScalingGroupName: string | undefined): Settings {
  const own = autoScalingGroupName === undefined ? undefined : settings.byGroup?.[autoScalingGroupName];
  return own === undefined ? settings : { ...settings, ...own };
}

/** The image source of one group, as it is written. */
export function imageSourceFor(settings: Settings, autoScalingGroupName: string): string {
  const { imageSource } = settingsFor(settings, autoScalingGroupName);
  return typeof imageSource === 'string'
    ? imageSource
    : (imageSource[autoScalingGroupName] ?? 'launch-template');
}
