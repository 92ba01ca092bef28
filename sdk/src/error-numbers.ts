// Not in the bundle: the bridge goes by `error.data.code`.

/** `error.code` in JavaScript and JSON-RPC's number. */
export const ERROR_NUMBERS = {
  PARSE_ERROR: -32700,
  INVALID_REQUEST: -32600,
  METHOD_NOT_FOUND: -32601,
  INVALID_ARGUMENTS: -32602,
  INTERNAL: -32603,
  EXECUTION_ERROR: -32000,
  INVALID_DATA: -32001,
  TOO_LARGE: -32002,
  BUSY: -32003,
  PERMISSION_DENIED: -32004,
  CANCELLED: -32800,
  TIMEOUT: -32801,
  CLOSED: -32802,
  NAVIGATED: -32803,
} as const;
