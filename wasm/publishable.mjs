// SPDX-License-Identifier: MIT
// `npm publish` begins with this (prepublishOnly in package.json). A page of the registry without
// an address leads nowhere: its links, its pictures, its form for reports, its provenance. Nobody
// has named this repository's address yet; who publishes does, in package.json, by the command that
// this prints.

import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

const { repository, homepage, bugs, version } = JSON.parse(readFileSync('package.json', 'utf8'));
const problems = [];
const addresses = { repository: repository?.url, homepage, bugs: bugs?.url };
for (const [name, address] of Object.entries(addresses)) {
  const isAddress = /^(git\+)?https:\/\/[^/]+\.[^/]+\/./.test(address ?? '');
  if (!isAddress) problems.push(`package.json has no https address as its ${name}`);
}
if (problems.length > 0) {
  const { stdout } = spawnSync('git', ['remote', 'get-url', 'origin'], { encoding: 'utf8' });
  const origin = /^(?:https:\/\/|ssh:\/\/git@|git@)([^/:]+\.[^/:]+)[/:](.+?)(?:\.git)?$/.exec(
    stdout?.trim() ?? '',
  );
  const home = origin ? `https://${origin[1]}/${origin[2]}` : 'https://HOST/OWNER/livedepth';
  problems.push(
    `npm pkg set repository.type=git repository.url=git+${home}.git ` +
      `homepage=${home} bugs.url=${home}/issues`,
  );
}
const changes = readFileSync('CHANGELOG.md', 'utf8');
if (!changes.split('\n').includes(`## ${version}`)) {
  problems.push(`CHANGELOG.md has no heading "## ${version}" (an unreleased one is none)`);
}
for (const problem of problems) console.error(problem);
process.exitCode = problems.length > 0 ? 1 : 0;
