/** What outlives a run: the ledger's table and the topic that people listen to. */
import { RemovalPolicy } from 'aws-cdk-lib';
import { AttributeType, BillingMode, type ITable, Table, TableEncryption } from 'aws-cdk-lib/aws-dynamodb';
import { Key } from 'aws-cdk-lib/aws-kms';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { Construct } from 'constructs';

export class RolloverState extends Construct {
  readonly table: Pick<ITable, 'tableArn' | 'tableName'>;
  readonly topic: Topic;
  readonly key: Key;

  /** `ledgerTableName`: of a table that an earlier deployment left; a new one otherwise. */
  constructor(scope: Construct, id: string, ledgerTableName?: string) {
    super(scope, id);
    this.table =
      ledgerTableName === undefined ? this.#newTable() : Table.fromTableName(this, 'Ledger', ledgerTableName);
    this.key = new Key(this, 'TopicKey', {
      description: 'ecs-rollover notifications',
      enableKeyRotation: true,
      removalPolicy: RemovalPolicy.RETAIN,
    });
    this.topic = new Topic(this, 'Notifications', {
      displayName: 'ecs-rollover',
      masterKey: this.key,
      enforceSSL: true,
    });
  }

  #newTable(): Table {
    return new Table(this, 'Ledger', {
      partitionKey: { name: 'pk', type: AttributeType.STRING },
      sortKey: { name: 'sk', type: AttributeType.STRING },
      billingMode: BillingMode.PAY_PER_REQUEST,
      encryption: TableEncryption.AWS_MANAGED,
      pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
      timeToLiveAttribute: 'ttl',
      removalPolicy: RemovalPolicy.RETAIN,
    });
  }
}
