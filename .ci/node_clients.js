// What node-redis and ioredis do, against a running server. Not a part of `.ci/run`: it wants node, and the libraries from
// npm's registry.
//
//     npm install --prefix target/node redis ioredis
//     NODE_PATH=target/node/node_modules node .ci/node_clients.js PORT [TLS-PORT CA-FILE]
//
// The server's data are deleted. Ends with `N passed, N failed`.
const port = +process.argv[2],
  tlsPort = +process.argv[3],
  ca = process.argv[4];
const assert = require('node:assert/strict'),
  fs = require('node:fs');
const redis = require('redis'),
  Redis = require('ioredis');
const sleep = (ms) => new Promise((r) => setTimeout(r, ms));
async function until(what) {
  for (let n = 0; n < 100 && !what(); n++) await sleep(20);
  assert(what());
}
const trials = [];
const trial = (name, body) => trials.push([name, body]);
const open = async (more = {}) => {
  const c = redis.createClient({ ...more, socket: { port } });
  c.on('error', () => {});
  await c.connect();
  return c;
};

for (const RESP of [2, 3]) {
  trial(`node-redis RESP${RESP} strings, hashes, pipelines`, async () => {
    const c = await open({ RESP });
    await c.flushAll();
    assert.equal(await c.set('k', 'v', { expiration: { type: 'EX', value: 100 } }), 'OK');
    assert.equal(await c.get('k'), 'v');
    await c.hSet('h', { a: '1', b: '2' });
    assert.deepEqual({ ...(await c.hGetAll('h')) }, { a: '1', b: '2' });
    await c.zAdd('z', [
      { score: 1.5, value: 'x' },
      { score: 2, value: 'y' },
    ]);
    assert.deepEqual(await c.zRangeWithScores('z', 0, -1), [
      { value: 'x', score: 1.5 },
      { value: 'y', score: 2 },
    ]);
    await c.xAdd('s', '*', { f: 'v' });
    assert.equal((await c.xRead({ key: 's', id: '0' }))[0].messages[0].message.f, 'v');
    const all = await Promise.all(Array.from({ length: 5000 }, (_, n) => c.incr('n')));
    assert.equal(all[4999], 5000);
    const seen = [];
    for await (const keys of c.scanIterator({ MATCH: '?', COUNT: 2 })) seen.push(...keys);
    assert.deepEqual(seen.sort(), ['h', 'k', 'n', 's', 'z']);
    assert((await c.info('server')).includes('redis_version'));
    await c.close();
  });
  trial(`node-redis RESP${RESP} transactions`, async () => {
    const c = await open({ RESP }),
      other = await open();
    await c.flushAll();
    assert.deepEqual(await c.multi().set('a', 1).incr('a').get('a').exec(), ['OK', 2, '2']);
    await c.watch('a');
    await other.set('a', 9);
    await assert.rejects(c.multi().set('a', 1).exec(), redis.WatchError);
    await assert.rejects(c.multi().lPush('a', 'x').exec());
    await c.close();
    await other.close();
  });
  trial(`node-redis RESP${RESP} messages`, async () => {
    const c = await open({ RESP }),
      l = await open({ RESP }),
      told = [];
    await l.subscribe('a', (m, ch) => told.push(['a', m, ch]));
    await l.pSubscribe('a*', (m, ch) => told.push(['a*', m, ch]));
    await l.sSubscribe('s', (m, ch) => told.push(['s', m, ch]));
    await c.publish('a', '1');
    await c.sPublish('s', '2');
    await until(() => told.length == 3);
    assert.deepEqual(told.sort(), [
      ['a*', '1', 'a'],
      ['a', '1', 'a'],
      ['s', '2', 's'],
    ]);
    if (RESP == 3) assert.equal(String(await l.ping()), 'PONG');
    await l.unsubscribe();
    await l.pUnsubscribe();
    await l.sUnsubscribe('s');
    assert.equal(String(await l.ping()), 'PONG');
    await c.close();
    await l.close();
  });
  trial(`node-redis RESP${RESP} scripts and functions`, async () => {
    const scripts = {
      add: redis.defineScript({
        NUMBER_OF_KEYS: 1,
        SCRIPT: "return redis.call('INCRBY',KEYS[1],ARGV[1])",
        parseCommand(p, k, n) {
          p.pushKey(k);
          p.push(String(n));
        },
        transformReply: (r) => r,
      }),
    };
    const c = redis.createClient({ socket: { port }, RESP, scripts });
    await c.connect();
    await c.flushAll();
    await c.scriptFlush();
    assert.equal(await c.add('n', 2), 2);
    assert.equal(await c.add('n', 2), 4);
    assert.deepEqual(await c.multi().add('n', 1).exec(), [5]);
    await c.functionLoad("#!lua name=m\nredis.register_function('f', function(k,a) return a[1] end)", {
      REPLACE: true,
    });
    assert.equal(await c.fCall('f', { arguments: ['x'] }), 'x');
    assert.equal((await c.functionList())[0].library_name, 'm');
    await c.functionFlush();
    await c.close();
  });
}
trial('node-redis client-side cache', async () => {
  const c = await open({ RESP: 3, clientSideCache: { ttl: 0, maxEntries: 100, evictPolicy: 'LRU' } }),
    other = await open();
  await other.set('k', 'old');
  assert.equal(await c.get('k'), 'old');
  assert.equal(await c.get('k'), 'old');
  await other.set('k', 'new');
  for (let n = 0; n < 100 && (await c.get('k')) != 'new'; n++) await sleep(10);
  assert.equal(await c.get('k'), 'new');
  await c.close();
  await other.close();
});
trial('node-redis ACL, blocking, DUMP', async () => {
  const c = await open();
  await c.aclSetUser('reader', ['on', '>secret', '~pub:*', '+get', '+hello', '+client']);
  const r = await open({ username: 'reader', password: 'secret' });
  await c.set('pub:a', '1');
  assert.equal(await r.get('pub:a'), '1');
  await assert.rejects(r.get('x'), /NOPERM/);
  await assert.rejects(r.set('pub:a', '1'), /NOPERM/);
  const b = await open();
  const wait = b.blPop('q', 5);
  await sleep(50);
  await c.rPush('q', 'x');
  assert.deepEqual({ ...(await wait) }, { key: 'q', element: 'x' });
  await c.aclDelUser('reader');
  await c.close();
  await b.close();
  r.destroy();
});
trial('ioredis pipelines, transactions, scripts', async () => {
  const c = new Redis(port);
  await c.flushall();
  const p = c.pipeline();
  for (let n = 0; n < 2000; n++) p.set('k' + n, n).get('k' + n);
  const got = await p.exec();
  assert.deepEqual(got[3999], [null, '1999']);
  assert.deepEqual(await c.multi().set('a', 1).incr('a').exec(), [
    [null, 'OK'],
    [null, 2],
  ]);
  const other = c.duplicate();
  await c.watch('a');
  await other.set('a', 5);
  assert.equal(await c.multi().set('a', 1).exec(), null);
  c.defineCommand('add', { numberOfKeys: 1, lua: "return redis.call('INCRBY',KEYS[1],ARGV[1])" });
  await c.script('FLUSH');
  assert.equal(await c.add('n', 3), 3);
  assert.equal(await c.add('n', 3), 6);
  await c.script('FLUSH');
  const r = await c.pipeline().add('n', 1).add('n', 1).exec();
  assert.deepEqual(r, [
    [null, 7],
    [null, 8],
  ]);
  assert.deepEqual(await c.hgetall('none'), {});
  const stream = c.scanStream({ match: 'k1?', count: 10 });
  const keys = [];
  for await (const k of stream) keys.push(...k);
  assert.equal(new Set(keys).size, 10);
  c.disconnect();
  other.disconnect();
});
trial('ioredis messages, monitor', async () => {
  const c = new Redis(port),
    l = new Redis(port),
    told = [];
  l.on('message', (ch, m) => told.push([ch, m]));
  l.on('pmessage', (p, ch, m) => told.push([p, ch, m]));
  l.on('smessage', (ch, m) => told.push(['shard', ch, m]));
  assert.equal(await l.subscribe('a', 'b'), 2);
  assert.equal(await l.psubscribe('a*'), 3);
  await l.ssubscribe('s');
  await c.publish('a', '1');
  await c.spublish('s', '2');
  await until(() => told.length == 3);
  const m = await c.monitor(),
    seen = [];
  m.on('monitor', (t, args) => seen.push(args));
  await c.set('x', 'y z');
  await until(() => seen.length);
  assert.deepEqual(seen[0], ['set', 'x', 'y z']);
  m.disconnect();
  c.disconnect();
  l.disconnect();
});
if (tlsPort) {
  trial('ioredis TLS', async () => {
    const c = new Redis({ port: tlsPort, host: 'localhost', tls: { ca: fs.readFileSync(ca) } });
    await c.set('t', 'x'.repeat(200000));
    assert.equal((await c.get('t')).length, 200000);
    c.disconnect();
  });
  trial('node-redis TLS', async () => {
    const c = redis.createClient({
      socket: { port: tlsPort, host: 'localhost', tls: true, ca: fs.readFileSync(ca) },
    });
    await c.connect();
    await c.set('t', 'x'.repeat(200000));
    assert.equal((await c.get('t')).length, 200000);
    await c.close();
  });
}
(async () => {
  let bad = 0;
  for (const [name, body] of trials) {
    try {
      await Promise.race([
        body(),
        sleep(10000).then(() => {
          throw Error('too long');
        }),
      ]);
      console.log('ok     ', name);
    } catch (e) {
      bad++;
      console.log('FAILED ', name, e);
    }
  }
  console.log(`${trials.length - bad} passed, ${bad} failed`);
  process.exit(bad ? 1 : 0);
})();
