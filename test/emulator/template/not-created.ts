/** Resource types of our template that the emulator's CloudFormation passes over, and what is therefore not seen here. */
export const NOT_CREATED: readonly { readonly type: string; readonly unseen: string }[] = [
  { type: 'AWS::CloudWatch::Alarm', unseen: 'what the alarms look at, and whom they tell' },
  {
    type: 'AWS::SNS::TopicPolicy',
    unseen: 'that EventBridge and CloudWatch may publish, and nobody without TLS',
  },
  { type: 'AWS::SQS::QueuePolicy', unseen: 'that the rules may send to the queues' },
  {
    type: 'AWS::Scheduler::Schedule',
    unseen: 'the sweep’s schedule and those of users, with their time zones',
  },
];

/** What of cfn-lint is not asked, and why. */
export const NOT_LINTED: readonly { readonly rule: string; readonly because: string }[] = [
  {
    rule: 'W3005',
    because:
      'the CDK waits for a role together with its policies, so that no function starts without them; naming the role once more changes nothing',
  },
];
