/* XNNPACK's operators fall back to reference kernels where no better one is: 350 of them, for every
 * operator and type, three tenths of the module, of which no network uses one. Without them such
 * an operator is XNNPACK's unsupported parameter. */
#include "xnnpack/reference-config.h"

const struct xnn_unary_elementwise_config *xnn_init_unary_reference_config(
    enum xnn_unary_operator op, enum xnn_datatype input_datatype, enum xnn_datatype output_datatype)
{
    (void)op, (void)input_datatype, (void)output_datatype;
    return NULL;
}

const struct xnn_binary_elementwise_config *xnn_init_binary_reference_config(
    enum xnn_binary_operator op, enum xnn_datatype datatype)
{
    (void)op, (void)datatype;
    return NULL;
}
