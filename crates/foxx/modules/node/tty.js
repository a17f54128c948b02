// `tty`: there is never a terminal.
'use strict';

module.exports = { isatty: () => false };
