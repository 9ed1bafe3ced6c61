// SPDX-License-Identifier: MIT
// What a program in TypeScript sees of the package: the names that each entry exports, and their
// declarations without comments, wherever in the package they stand.

import { join } from 'node:path';
import ts from 'typescript';

const OPTIONS = {
  module: ts.ModuleKind.NodeNext,
  moduleResolution: ts.ModuleResolutionKind.NodeNext,
  target: ts.ScriptTarget.ES2022,
  types: [],
};

/**
 * @param {string} folder  of the package
 * @param {Record<string, string | {types?: string}>} entries  the exports of its package.json
 * @returns {string} lines
 */
export function publicTypes(folder, entries) {
  const files = Object.entries(entries).flatMap(([name, { types }]) =>
    types ? [[name, join(folder, types)]] : [],
  );
  const program = ts.createProgram(
    files.map(([, file]) => file),
    OPTIONS,
  );
  const checker = program.getTypeChecker();
  const printer = ts.createPrinter({ removeComments: true });
  const print = (node) =>
    printer.printNode(ts.EmitHint.Unspecified, node, node.getSourceFile()).replaceAll('    ', '  ');
  const lines = [];
  const declared = new Set();
  for (const [entry, file] of files) {
    const module = checker.getSymbolAtLocation(program.getSourceFile(file));
    const symbols = checker.getExportsOfModule(module);
    lines.push(
      `${entry}: ${symbols
        .map(({ name }) => name)
        .sort()
        .join(' ')}`,
    );
    for (const symbol of symbols) {
      const real = symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol;
      // A variable's declaration has its keyword two levels up.
      for (const each of real.declarations)
        declared.add(print(ts.isVariableDeclaration(each) ? each.parent.parent : each));
    }
  }
  return `${[...lines, ...[...declared].sort()].join('\n')}\n`;
}
