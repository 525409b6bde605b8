import t from 'tap'
import { Cardinality } from '../../collector/translate/cardinality'
import { identify, type Identity, type ServiceIdentity } from '../../collector/translate/identity'
import { UNCHANGED, UNLIMITED } from '../../collector/translate/limits'

function operation(name: string): Identity {
  return identify('operation', [name], [name], UNCHANGED)
}

function service(name: string): ServiceIdentity {
  const names = ['', '', '', name] as const
  const overflow = { operation: null, resource: null }
  return { ...identify('service', names, names, UNCHANGED), names, overflow }
}

t.test('a service forgotten and met again has used what it used', (t) => {
  const cardinality = new Cardinality({ ...UNLIMITED, maxOperations: 1 })
  t.equal(cardinality.admits('operation', operation('a'), service('shop')), true)
  t.equal(cardinality.admits('operation', operation('b'), service('shop')), false)
  t.equal(cardinality.admits('operation', operation('a'), service('shop')), true)
  t.end()
})

t.test('when the services together have too much to remember, counting begins anew', (t) => {
  const cardinality = new Cardinality({ ...UNLIMITED, maxOperations: 1 })
  const [shop, a, b] = [service('shop'), operation('a'), operation('b')]
  t.equal(cardinality.admits('operation', a, shop), true)
  const other = service('other')
  let admitted = 0
  for (let index = 0; index < 249_999; index++) {
    const row = { ...other.row, id: String(index) }
    const one: ServiceIdentity = { ...other, row, serial: -index - 1 }
    if (cardinality.admits('operation', a, one)) admitted++
  }
  t.equal(admitted, 249_999)
  t.equal(cardinality.admits('operation', b, shop), false, 'all is remembered')
  t.equal(cardinality.admits('operation', a, service('one too many')), true)
  t.equal(cardinality.admits('operation', b, shop), true, 'nothing is')
  t.end()
})
