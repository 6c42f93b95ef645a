// What the arguments of our schema's fields are: whoever adds one that is not known here hears of it from the tests that walk the schema.
import * as graphql from 'graphql';

// Which kind of thing an id names, by its argument or by its input type and member.
export const KINDS = {
  accountId: 'account',
  apiKeyId: 'apiKey',
  uuid: 'apiKey',
  userGroupId: 'userGroup',
  userGroupIds: 'userGroup',
  userId: 'user',
  userIds: 'user',
  'user.id': 'user',
  'UpdateUserInput.id': 'user',
  'DeleteUserInput.id': 'user',
  applicationId: 'application',
  appIds: 'application',
  ssoProviderId: 'ssoProvider',
  entryId: 'ipAllowEntry',
  changeSetId: 'changeSet',
  resourceId: 'apiKey',
  actorId: 'actor',
  'IdFilter.values': 'application',
};

// Texts, and ids of things that live elsewhere: what one account has there means nothing to another.
export const TEXTS = {
  name: 'name',
  apiKeyName: 'name',
  nameContains: 'name',
  email: 'email',
  cidr: 'cidr',
  allowedIps: 'cidr',
  password: 'password',
  currentPassword: 'password',
  groupEmailAddresses: 'email',
  description: 'text',
  externalUserId: 'text',
  groupName: 'text',
  groupDN: 'text',
  slackChannelName: 'text',
  slackWebhookURL: 'text',
  microsoftTeamsWebhookUrl: 'text',
  pagerDutyIntegrationKey: 'text',
  serviceIds: 'text',
  provisionerIds: 'text',
  templateIds: 'text',
  envIds: 'text',
  workflowIds: 'text',
  pipelineIds: 'text',
  scopes: 'text',
  clientMutationId: 'echo', // is given back and nothing else; to try it would be to do the rest
  'MetadataInput.key': 'text',
  'MetadataInput.value': 'text',
  'TagInput.value': 'text',
  resourceType: 'word', // a kind of thing, which every account has
  operationType: 'word',
  'ImportApiKeyInput.key': 'secret', // one that is in use cannot be taken twice, whoever has it: tests/api/import.test.mjs
};

const NUMBERS = { limit: 20, offset: 0, noOfUnits: 1, from: 0, to: 4102444800000, expiresAt: 4102444800000, expiresBefore: 4102444800000, expiresAfter: 0, unusedSince: 4102444800000, overlapSeconds: 0, windowSeconds: 1, remaining: 5, amount: 5, day: 1 };

// Members that may be absent by their type, and without which the answer is not about the rest.
export const NEEDED = ['input', 'filters', 'accountPermission', 'appPermission', 'changeSetId', 'userId'];

let counter = 0;
const TEXT_MAKERS = {
  email: (n) => `new-${n}@example.com`,
  cidr: (n) => `198.18.${(n >> 8) & 255}.${n & 255}/32`,
  secret: (n) => `a secret from elsewhere, new-${n}`.replaceAll(' ', '-'),
  password: (n) => `a password, new-${n}`,
};
export const fresh = (kind) => (TEXT_MAKERS[kind] ?? ((n) => `new-${n}`))(++counter);
export const lookUp = (table, { owner, name }) => table[`${owner}.${name}`] ?? table[name];

/** What a leaf becomes when it is not the one under test; `ids` are the caller's own. */
export function fill(ids, leaf) {
  const kind = lookUp(KINDS, leaf);
  if (kind !== undefined) return ids[kind];
  const text = lookUp(TEXTS, leaf);
  if (text !== undefined) return fresh(text);
  if (leaf.name in NUMBERS) return NUMBERS[leaf.name];
  if (graphql.isEnumType(leaf.type)) return leaf.type.getValues()[0].name;
  if (leaf.type.name === 'Boolean') return true;
  throw new Error(`no filling is known for ${leaf.owner}.${leaf.name}: say in tests/api/support/fill.mjs what it is`);
}
