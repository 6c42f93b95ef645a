import { once } from 'node:events';
import net from 'node:net';

/** Different ports that nobody listens on at this moment: the system may name one twice that was let go in between. */
export async function freePorts(count) {
  const probes = Array.from({ length: count }, () => net.createServer().listen(0, '127.0.0.1'));
  await Promise.all(probes.map((probe) => once(probe, 'listening')));
  const ports = probes.map((probe) => probe.address().port);
  await Promise.all(probes.map((probe) => once(probe.close(), 'close')));
  return ports;
}

export async function freePort() {
  return (await freePorts(1))[0];
}
