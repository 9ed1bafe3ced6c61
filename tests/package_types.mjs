// SPDX-License-Identifier: MIT
// What a program in TypeScript sees of the package: the names that each entry exports, those of
// values first, and their declarations without comments, wherever in the package they stand.

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
 * @returns {{text: string, values: Record<string, string[]>}} lines; by entry the names of values
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
  const values = {};
  for (const [entry, file] of files) {
    const module = checker.getSymbolAtLocation(program.getSourceFile(file));
    const names = { values: [], types: [] };
    for (const symbol of checker.getExportsOfModule(module)) {
      const real = symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol;
      names[real.flags & ts.SymbolFlags.Value ? 'values' : 'types'].push(symbol.name);
      // A variable's declaration has its keyword two levels up.
      for (const each of real.declarations)
        declared.add(print(ts.isVariableDeclaration(each) ? each.parent.parent : each));
    }
    values[entry] = names.values.sort();
    lines.push(`${entry}: ${names.values.join(' ')}; ${names.types.sort().join(' ')}`);
  }
  return { text: `${[...lines, ...[...declared].sort()].join('\n')}\n`, values };
}
