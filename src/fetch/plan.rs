//! What a run shall do: limits, order, request, bodies.
