// How do the routes look to a machine that reads? OpenAPI 3.1, from the schemas that validate.
import { toJsonSchema } from '@valibot/to-json-schema'
import type * as v from 'valibot'
import type { Config } from '../config/config.ts'
import type { CookiePolicy } from '../core/cookie/policy.ts'
import type { ErrorCode } from '../errors.ts'
import { CODES } from '../errors.ts'
import { PROBLEM_TYPE } from '../protocol.ts'
import type { Route } from './routes/route.ts'
import { emptyBody, problemAnswer } from './schemas.ts'

/** Refusals that any request can meet, and any request with a body. */
const ANY: readonly ErrorCode[] = ['misdirected', 'internal_error']
const ANY_BODY: readonly ErrorCode[] = [
  'malformed',
  'payload_too_large',
  'unsupported_media_type',
  'validation_failed',
]

type Json = Readonly<Record<string, unknown>>

/** What a check in code asks cannot be said in JSON Schema; the rest is. */
function jsonSchema(schema: v.GenericSchema): Json {
  const { $schema: _, ...rest } = toJsonSchema(schema, { errorMode: 'ignore', typeMode: 'input' })
  return rest
}

export function createOpenApi(routes: readonly Route[], config: Config, cookies: CookiePolicy): Json {
  const paths: Record<string, Record<string, unknown>> = {}
  for (const route of routes) {
    const path = (config.basePath + route.path).replace(/:(\w+)/g, '{$1}')
    paths[path] = { ...paths[path], [route.method.toLowerCase()]: operation(route) }
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Lockjar',
      version: '1',
      description: 'Sign-in with HttpOnly cookies. Every refusal is a problem document with a stable code.',
    },
    servers: [{ url: config.origin }],
    paths,
    components: {
      schemas: { Problem: jsonSchema(problemAnswer) },
      securitySchemes: {
        cookie: {
          type: 'apiKey',
          in: 'cookie',
          name: cookies.attributes[config.strategy === 'opaque' ? 'session' : 'access'].name,
        },
        header: headerScheme(config),
      },
    },
  }
}

/** Only `Authorization` is what HTTP calls authentication; another header is a key by name, whose value begins with the scheme. */
function headerScheme({ authorizationHeader, authorizationScheme }: Config): Json {
  return authorizationHeader === 'authorization'
    ? { type: 'http', scheme: authorizationScheme }
    : { type: 'apiKey', in: 'header', name: authorizationHeader }
}

function operation(route: Route): Json {
  const takesBody = route.method !== 'GET'
  const codes = [...route.refusals, ...(takesBody ? ANY_BODY : []), ...ANY]
  const { status, description, schema } = route.success
  return {
    operationId: route.operationId,
    summary: route.summary,
    ...(route.refusals.includes('unauthenticated') && { security: [{ cookie: [] }, { header: [] }] }),
    ...parametersOf(route),
    ...(takesBody && (route.body as unknown) !== emptyBody && { requestBody: requestBody(route.body) }),
    responses: {
      [status]: {
        description,
        ...(schema && { content: { 'application/json': { schema: jsonSchema(schema) } } }),
      },
      ...(route.accepted !== undefined && { 202: { description: route.accepted } }),
      ...refusals(codes),
    },
  }
}

/** In the path, and what a GET is asked. */
function parametersOf({ method, path, body }: Route): Json {
  const inPath = [...path.matchAll(/:(\w+)/g)].map(([, name]) => ({
    name,
    in: 'path',
    required: true,
    schema: { type: 'string', format: 'uuid' },
  }))
  const { properties = {} } = method === 'GET' ? (jsonSchema(body) as { properties?: Json }) : {}
  const inQuery = Object.entries(properties).map(([name, schema]) => ({ name, in: 'query', schema }))
  const parameters = [...inPath, ...inQuery]
  return parameters.length === 0 ? {} : { parameters }
}

function requestBody(schema: Route['body']): Json {
  const content = { schema: jsonSchema(schema) }
  return {
    required: true,
    content: { 'application/json': content, 'application/x-www-form-urlencoded': content },
  }
}

/** Several codes may share a status. */
function refusals(codes: readonly ErrorCode[]): Json {
  const byStatus = Map.groupBy(codes, (code) => CODES[code].status)
  return Object.fromEntries(
    [...byStatus].map(([status, group]) => [
      status,
      {
        description: [...new Set(group)].map((code) => `\`${code}\`: ${CODES[code].title}`).join(' '),
        content: { [PROBLEM_TYPE]: { schema: { $ref: '#/components/schemas/Problem' } } },
      },
    ]),
  )
}
