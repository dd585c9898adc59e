/** One deployment of a service, as ECS keeps it. */
import type { Definition } from './task-definition.ts';

export interface DeploymentRecord {
  readonly id: string;
  readonly definition: Definition;
  readonly createdAtMs: number;
  status: 'PRIMARY' | 'ACTIVE';
  updatedAtMs: number;
  rolloutState: 'IN_PROGRESS' | 'COMPLETED' | 'FAILED';
  rolloutStateReason: string;
  failedTasks: number;
  /** Desired RUNNING, by last status. */
  running: number;
  pending: number;
  /** A revision that cannot work, and how it fails. */
  defect: 'none' | 'exits' | 'fails-to-start';
  /** ARNs of the service revision that it brings and of the one that it found. */
  readonly revisionArn: string;
  readonly sourceRevisionArn: string | undefined;
  readonly serviceDeploymentArn: string;
  /** Begun because another one failed: that one's id. */
  readonly rollsBack: string | undefined;
  finishedAtMs: number | undefined;
  /** One of its tasks has reached RUNNING. */
  hasRun: boolean;
}
