// Fields that the schema leaves nullable, as its reference does, and that are null only in an answer that also carries an error: the console
// throws such an answer away (src/api/client.ts), so its types may say that they are there.
const page = ['pageInfo', 'nodes'];

export const neverNull = {
  Query: [
    'account', 'viewer', 'apiKey', 'apiKeys', 'userGroup', 'userGroups', 'user', 'users', 'application', 'applications', 'audits', 'auditChangeContent',
  ],
  Mutation: [
    'createApiKey', 'updateApiKey', 'deleteApiKey', 'revealApiKey', 'createUser', 'updateUser', 'deleteUser', 'setPassword', 'createUserGroup',
    'updateUserGroup', 'deleteUserGroup', 'addUserToUserGroup', 'removeUserFromUserGroup', 'createApplication', 'updateApplication',
    'deleteApplication',
  ],
  Account: ['id', 'name', 'createdAt'],
  Viewer: ['account', 'permissions'],
  PageInfo: ['hasMore', 'total', 'offset', 'limit'],
  APIKey: ['id', 'name', 'preview', 'enabled', 'createdAt', 'updatedAt', 'metadata', 'userGroups', 'permissions'],
  APIKeyConnection: page,
  Metadata: ['key', 'value'],
  UserGroup: ['id', 'name', 'users', 'permissions'],
  UserGroupConnection: page,
  User: ['id', 'name', 'email', 'isUserLocked', 'userGroups'],
  UserConnection: page,
  Application: ['id', 'name', 'createdAt'],
  ApplicationConnection: page,
  UserGroupPermissions: ['accountPermissions', 'appPermissions', 'scopes'],
  AccountPermissions: ['accountPermissionTypes'],
  ApplicationPermission: ['permissionType', 'applications', 'actions'],
  ChangeSet: ['id', 'changes', 'triggeredAt'],
  ChangeSetConnection: page,
  ChangeDetails: ['resourceType', 'operationType', 'failure'],
  ChangeContent: ['changeSetId'],
  ChangeContentConnection: page,
  CreateApiKeyPayload: ['uuid', 'key', 'apiKey'],
  UpdateApiKeyPayload: ['apiKey'],
  RevealApiKeyPayload: ['key'],
  CreateUserPayload: ['user'],
  UpdateUserPayload: ['user'],
  CreateUserGroupPayload: ['userGroup'],
  UpdateUserGroupPayload: ['userGroup'],
  CreateApplicationPayload: ['application'],
  UpdateApplicationPayload: ['application'],
};
