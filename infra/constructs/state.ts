/** What outlives a run: the ledger's table and the topic that people listen to. */
import { Aws, RemovalPolicy } from 'aws-cdk-lib';
import { AttributeType, BillingMode, type ITable, Table, TableEncryption } from 'aws-cdk-lib/aws-dynamodb';
import { PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Key } from 'aws-cdk-lib/aws-kms';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { EmailSubscription } from 'aws-cdk-lib/aws-sns-subscriptions';
import { Construct } from 'constructs';

/**
 * Services that tell people on the topic: alarms, and rules of yours. Source: Amazon SNS developer guide,
 * sns-key-management, "Enable compatibility between event sources from AWS services and encrypted topics".
 */
const TELLERS = ['cloudwatch.amazonaws.com', 'events.amazonaws.com'];
const OF_THIS_ACCOUNT = { StringEquals: { 'aws:SourceAccount': Aws.ACCOUNT_ID } };

function useOfKey(principal: string): PolicyStatement {
  return new PolicyStatement({
    principals: [new ServicePrincipal(principal)],
    actions: ['kms:Decrypt', 'kms:GenerateDataKey*'],
    resources: ['*'],
    conditions: OF_THIS_ACCOUNT,
  });
}

export class RolloverState extends Construct {
  readonly table: Pick<ITable, 'tableArn' | 'tableName'>;
  readonly topic: Topic;
  readonly key: Key;

  /** `ledgerTableName`: of a table that an earlier deployment left; a new one otherwise. */
  constructor(scope: Construct, id: string, emails: readonly string[], ledgerTableName?: string) {
    super(scope, id);
    this.table =
      ledgerTableName === undefined ? this.#newTable() : Table.fromTableName(this, 'Ledger', ledgerTableName);
    this.key = new Key(this, 'TopicKey', {
      description: 'ecs-rollover notifications',
      enableKeyRotation: true,
      removalPolicy: RemovalPolicy.RETAIN,
    });
    for (const principal of TELLERS) this.key.addToResourcePolicy(useOfKey(principal));
    this.topic = new Topic(this, 'Notifications', {
      displayName: 'ecs-rollover',
      masterKey: this.key,
      enforceSSL: true,
    });
    for (const principal of TELLERS) this.topic.addToResourcePolicy(this.#publishing(principal));
    for (const address of emails) this.topic.addSubscription(new EmailSubscription(address));
  }

  #publishing(principal: string): PolicyStatement {
    return new PolicyStatement({
      principals: [new ServicePrincipal(principal)],
      actions: ['sns:Publish'],
      resources: [this.topic.topicArn],
      conditions: OF_THIS_ACCOUNT,
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
