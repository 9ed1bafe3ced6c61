// SPDX-License-Identifier: MIT
// A person's own files: chosen, or dropped anywhere on the page.

import { $ } from './dom.js';

/** @param {(file: File) => void} open */
export function offerFiles(open) {
  $('open').addEventListener('click', () => $('file').click());
  $('file').addEventListener('change', () => {
    const [file] = $('file').files;
    $('file').value = '';
    if (file) open(file);
  });
  addEventListener('dragover', (event) => {
    event.preventDefault();
    document.body.classList.add('dragging');
  });
  addEventListener('dragleave', (event) => {
    if (event.relatedTarget === null) document.body.classList.remove('dragging');
  });
  addEventListener('drop', (event) => {
    event.preventDefault();
    document.body.classList.remove('dragging');
    const [file] = event.dataTransfer?.files ?? [];
    if (file) open(file);
  });
}
