import {
  BatchGetImageCommand,
  DescribeImagesCommand,
  ECRClient,
  type ImageIdentifier,
} from '@aws-sdk/client-ecr';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ImageRegistry } from '../../../simulator/ecr/service.ts';
import { type Kernel, kernel } from '../support/kernel.ts';

const registryId = '111122223333';
let account: Kernel;
let registry: ImageRegistry;
let client: ECRClient;

beforeEach(() => {
  account = kernel();
  registry = new ImageRegistry(
    { clock: account.clock, registry: account.dispatcher, accountId: registryId },
    [
      { registryId, repositoryName: 'web', imageDigest: 'sha256:a', imageTags: ['1', 'latest'] },
      { registryId, repositoryName: 'web', imageDigest: 'sha256:b', imageTags: ['2'] },
      { registryId: '444455556666', repositoryName: 'shared', imageDigest: 'sha256:c' },
    ],
  );
  client = new ECRClient({});
  account.dispatcher.attach(client, 'ECR');
});
afterEach(() => account.close());

const look = (imageIds: ImageIdentifier[], repositoryName = 'web') =>
  account.finish(() => client.send(new DescribeImagesCommand({ repositoryName, imageIds })));

describe('ECR', () => {
  it('describes images by digest and by tag', async () => {
    const { imageDetails } = await look([{ imageDigest: 'sha256:b' }, { imageTag: 'latest' }]);
    expect(imageDetails?.map(({ imageDigest }) => imageDigest)).toEqual(['sha256:b', 'sha256:a']);
  });

  it('does not know an image that is gone, nor a repository that was never there', async () => {
    await expect(look([{ imageDigest: 'sha256:z' }])).rejects.toMatchObject({
      name: 'ImageNotFoundException',
    });
    await expect(look([], 'nothing')).rejects.toMatchObject({ name: 'RepositoryNotFoundException' });
    await expect(look([], 'shared')).rejects.toMatchObject({ name: 'RepositoryNotFoundException' });
  });

  it('keeps a repository whose last image was deleted', async () => {
    registry.deleteImage('web', 'sha256:a');
    registry.deleteImage('web', 'sha256:b');
    expect((await look([])).imageDetails).toEqual([]);
    await expect(look([{ imageDigest: 'sha256:a' }])).rejects.toMatchObject({
      name: 'ImageNotFoundException',
    });
  });

  it('moves a tag to another digest, a new one too', async () => {
    registry.moveTag('web', 'latest', 'sha256:new');
    expect((await look([{ imageTag: 'latest' }])).imageDetails?.[0]?.imageDigest).toBe('sha256:new');
    registry.moveTag('web', 'latest', 'sha256:b');
    expect((await look([{ imageTag: 'latest' }])).imageDetails?.[0]?.imageDigest).toBe('sha256:b');
    expect((await look([{ imageDigest: 'sha256:a' }])).imageDetails?.[0]?.imageTags).toEqual(['1']);
  });

  it('answers a batch with failures in a 200', async () => {
    const answer = await account.finish(() =>
      client.send(
        new BatchGetImageCommand({
          repositoryName: 'web',
          imageIds: [{ imageTag: '1' }, { imageDigest: 'sha256:z' }],
        }),
      ),
    );
    expect(answer.images?.map(({ imageId }) => imageId)).toEqual([
      { imageTag: '1', imageDigest: 'sha256:a' },
    ]);
    expect(answer.failures).toEqual([
      {
        imageId: { imageDigest: 'sha256:z' },
        failureCode: 'ImageNotFound',
        failureReason: expect.any(String),
      },
    ]);
    expect(account.observations).toMatchObject([{ kind: 'call', answer: 'partial' }]);
  });
});
