import { z } from 'zod';
import { objectSweepRoutes } from './object-sweep.ts';
import { Empty, JsonObject, Name, PageQuery, ProjectParams, pageOf, Timestamp } from './page.ts';
import { defineRoutes } from './route.ts';

/** What a caller may do in a project; each role may do all that the ones before it may. */
export const Role = z.enum(['viewer', 'contributor', 'approver', 'admin']);
export type Role = z.infer<typeof Role>;

/** What separates teams: every name and every permission lives in one. */
export const Project = z
  .object({ name: Name, title: z.string(), description: z.string(), createdAt: Timestamp })
  .meta({ id: 'Project' });
export type Project = z.infer<typeof Project>;

/** An API token without its secret, of which the server keeps only a hash. */
export const Token = z
  .object({
    id: z.string(),
    name: z.string(),
    prefix: z.string(),
    project: z.string().nullable(),
    role: Role,
    createdBy: z.string(),
    createdAt: Timestamp,
    expiresAt: Timestamp.nullable(),
    lastUsedAt: Timestamp.nullable(),
    revokedAt: Timestamp.nullable(),
  })
  .meta({ id: 'Token' });
export type Token = z.infer<typeof Token>;

/** Who did what to which thing; written with the change and never altered. */
export const AuditEvent = z
  .object({
    id: z.number().int(),
    at: Timestamp,
    project: z.string().nullable(),
    actor: z.string(),
    action: z.string(),
    subjectKind: z.string().nullable(),
    subjectId: z.string().nullable(),
    details: JsonObject,
    requestId: z.string().nullable(),
  })
  .meta({ id: 'AuditEvent' });
export type AuditEvent = z.infer<typeof AuditEvent>;

const TokenParams = z.object({ token: z.string() });

/** The routes that no module owns, as a type. */
export type PlatformRoutes = typeof platformRoutes;

/** The instance itself: projects, tokens, audit and live events. */
export const platformRoutes = defineRoutes({
  ...objectSweepRoutes,
  getSystem: {
    method: 'GET',
    path: '/system',
    summary: 'Version, roles and how the instance is set up',
    access: 'public',
    result: z.object({
      version: z.string(),
      auth: z.enum(['open', 'token']),
      actor: z.string(),
      role: Role.nullable(),
      gatewayUrl: z.string(),
      postgres: z.string().nullable(),
      startedAt: Timestamp,
    }),
  },
  listProjects: {
    method: 'GET',
    path: '/projects',
    summary: 'List the projects one may see',
    access: 'public',
    result: z.object({ items: z.array(Project) }),
    errors: ['not_signed_in'],
  },
  createProject: {
    method: 'POST',
    path: '/projects',
    summary: 'Create a project',
    access: 'admin',
    body: z.object({
      name: Name,
      title: z.string().max(200).default(''),
      description: z.string().max(10_000).default(''),
    }),
    result: Project,
    errors: ['conflict', 'invalid_input'],
  },
  listTokens: {
    method: 'GET',
    path: '/tokens',
    summary: 'List API tokens',
    access: 'admin',
    result: z.object({ items: z.array(Token) }),
  },
  createToken: {
    method: 'POST',
    path: '/tokens',
    summary: 'Create an API token; its secret is shown once',
    access: 'admin',
    body: z.object({
      name: z.string().min(1).max(200),
      project: Name.optional(),
      role: Role,
      expiresInDays: z.number().int().min(1).max(3650).optional(),
    }),
    result: Token.extend({ secret: z.string() }),
    errors: ['not_found'],
  },
  revokeToken: {
    method: 'DELETE',
    path: '/tokens/:token',
    summary: 'Revoke a token at once',
    access: 'admin',
    params: TokenParams,
    result: Empty,
    errors: ['not_found'],
  },
  listAudit: {
    method: 'GET',
    path: '/projects/:project/audit',
    summary: 'Read the audit trail, newest first',
    access: 'viewer',
    params: ProjectParams,
    query: PageQuery.extend({
      actor: z.string().optional(),
      action: z.string().optional(),
      subjectKind: z.string().optional(),
      subjectId: z.string().optional(),
    }),
    result: pageOf(AuditEvent),
  },
  streamEvents: {
    method: 'GET',
    path: '/projects/:project/events',
    summary: 'What happens, as server-sent events',
    access: 'viewer',
    params: ProjectParams,
    query: z.object({ names: z.string().optional() }),
    stream: 'events',
    result: Empty,
  },
});
