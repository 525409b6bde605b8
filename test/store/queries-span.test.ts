import t from 'tap'
import { readTrace } from '../../collector/store/queries/traces'
import { ensurePartitions, openDatabase } from './database'

const TRACE_ID = '4bf92f3577b34da6a3ce929d0e0e4736'
const START = '2026-03-01T12:00:00.123456Z'

const FULL = `
insert into sidelight.service (id, tenant, environment, namespace, name) values (1, '', '', '', 'shop');
insert into sidelight.operation (id, service_id, module, kind, name) values (2, 1, 'cart', 4, 'add');
insert into sidelight.resource (id, attributes, dropped_attributes_count, entity_refs, schema_url) values (3,
  '{"service.name": "shop", "process.pid": 9223372036854775807}', 1,
  '[{"type": "service", "id_keys": ["service.name"]},
    {"schema_url": "https://e/1", "type": "host", "id_keys": [], "description_keys": ["host.name"]}]', 'https://r/1');
insert into sidelight.scope (id, name, version, attributes, dropped_attributes_count, schema_url) values
  (4, 'lib', '1.2', '{"scope.key": 2.0}', 2, 'https://s/1');
insert into sidelight.span (trace_id, span_id, parent_span_id, start_time, start_ns, end_time, end_ns, duration_ns,
  service_id, operation_id, resource_id, scope_id, flags, kind, status, name, status_message, trace_state,
  dropped_attributes_count, dropped_events_count, dropped_links_count, attributes, events, links) values (
  '${TRACE_ID}', -2, 255, '${START}', 789, '2026-03-01T12:00:00.123459Z', 1, 2212,
  1, 2, 3, 4, -1, 4, 2, 'add to cart', 'sold out', 'a=b,c=d', 3, 4, 4294967295,
  '{"http.request.size": -9223372036854775808, "ratio": 1.0, "empty": null}',
  '[{"attributes": {"n": 5}, "name": "exception", "time_unix_nano": "1772366400123456790", "dropped_attributes_count": 6},
    {"name": "", "time_unix_nano": "0"}]',
  '[{"attributes": {"k": "v"}, "trace_id": "0af7651916cd43dd8448eb211c80319c", "span_id": "b7ad6b7169203331",
     "trace_state": "x=y", "flags": 4294967295, "dropped_attributes_count": 7}, {"trace_id": "", "span_id": ""}]')`

const BARE = `
insert into sidelight.span (trace_id, span_id, start_time, service_id, operation_id, resource_id, scope_id, flags, kind, status)
values ('${TRACE_ID}', 1, '2026-03-01T12:00:01Z', 77, 77, 77, 77, 0, 9, 7)`

t.test('spans as they are stored', async (t) => {
  const pool = await openDatabase(t)
  await ensurePartitions(pool, 'span', [Math.floor(Date.parse(START) / 86_400_000)])
  await pool.query(FULL)
  await pool.query(BARE)
  const question = { traceId: TRACE_ID, tenant: null, maxSpans: 10 }
  const { spans } = await readTrace(pool, question)

  t.strictSame(
    spans[0],
    {
      traceId: TRACE_ID,
      spanId: 'fffffffffffffffe',
      parentSpanId: '00000000000000ff',
      name: 'add to cart',
      service: 'shop',
      module: 'cart',
      kind: 'producer',
      status: 'error',
      statusMessage: 'sold out',
      traceState: 'a=b,c=d',
      flags: 4294967295,
      startTime: '2026-03-01T12:00:00.123456789Z',
      startTimeUnixNano: '1772366400123456789',
      endTime: '2026-03-01T12:00:00.123459001Z',
      endTimeUnixNano: '1772366400123459001',
      durationMs: 0.002212,
      attributes: { 'http.request.size': '-9223372036854775808', ratio: 1, empty: null },
      droppedAttributesCount: 3,
      events: [
        {
          name: 'exception',
          time: '2026-03-01T12:00:00.123456790Z',
          timeUnixNano: '1772366400123456790',
          attributes: { n: '5' },
          droppedAttributesCount: 6,
        },
        { name: '', time: null, timeUnixNano: null, attributes: {}, droppedAttributesCount: 0 },
      ],
      droppedEventsCount: 4,
      links: [
        {
          traceId: '0af7651916cd43dd8448eb211c80319c',
          spanId: 'b7ad6b7169203331',
          traceState: 'x=y',
          flags: 4294967295,
          attributes: { k: 'v' },
          droppedAttributesCount: 7,
        },
        {
          traceId: '',
          spanId: '',
          traceState: '',
          flags: 0,
          attributes: {},
          droppedAttributesCount: 0,
        },
      ],
      droppedLinksCount: 4294967295,
      resource: {
        attributes: { 'service.name': 'shop', 'process.pid': '9223372036854775807' },
        droppedAttributesCount: 1,
        entityRefs: [
          { schemaUrl: '', type: 'service', idKeys: ['service.name'], descriptionKeys: [] },
          { schemaUrl: 'https://e/1', type: 'host', idKeys: [], descriptionKeys: ['host.name'] },
        ],
        schemaUrl: 'https://r/1',
      },
      scope: {
        name: 'lib',
        version: '1.2',
        attributes: { 'scope.key': 2 },
        droppedAttributesCount: 2,
        schemaUrl: 'https://s/1',
      },
    },
    'every field is there, to the last digit',
  )

  t.match(
    spans[1],
    {
      spanId: '0000000000000001',
      parentSpanId: null,
      name: '',
      service: '',
      kind: '9',
      status: '7',
      startTime: null,
      startTimeUnixNano: null,
      endTime: null,
      durationMs: null,
      attributes: {},
      events: [],
      links: [],
      droppedLinksCount: 0,
      resource: { attributes: {}, entityRefs: [], schemaUrl: '' },
      scope: { name: '', attributes: {} },
    },
    'what is absent, the dictionary included, has an empty value',
  )
})
