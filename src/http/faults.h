// Every fault of the module in one place: rule, status, and the text a client may see.
// Private to the module.
#pragma once
#include <qcc/http/head.h>

namespace qcc::http::faults {

// Framing
inline constexpr HttpFault kLengthAndEncoding{
    400, "F1", "Content-Length and Transfer-Encoding must not be used together"};
inline constexpr HttpFault kBadLength{400, "F2", "Content-Length is not a valid number"};
inline constexpr HttpFault kRepeatedLength{400, "F3", "Content-Length must appear only once"};
inline constexpr HttpFault kBodyTooLarge{413, "F4", "request body is too large"};
inline constexpr HttpFault kBadEncoding{400, "F5", "Transfer-Encoding must be exactly: chunked"};
inline constexpr HttpFault kUnknownEncoding{501, "F5", "transfer coding is not supported"};
inline constexpr HttpFault kEncodingInHttp10{400, "F6", "Transfer-Encoding needs HTTP/1.1"};

// Chunks
inline constexpr HttpFault kBadChunkSize{400, "K1", "chunk size is not a valid number"};
inline constexpr HttpFault kBadChunkSizeEnd{400, "K2", "malformed chunk size line"};
inline constexpr HttpFault kBadExtension{400, "K3", "malformed chunk extension"};
inline constexpr HttpFault kLongExtension{400, "K3", "chunk extensions are too long"};
inline constexpr HttpFault kBadChunkEnd{400, "K4", "chunk is not ended by CRLF"};
inline constexpr HttpFault kBadTrailer{400, "K5", "malformed trailer"};
inline constexpr HttpFault kLongTrailer{400, "K5", "trailers are too long"};
inline constexpr HttpFault kChunkOverhead{400, "K6", "chunks are too small"};
inline constexpr HttpFault kEmptyLines{400, "K7", "too many empty lines before the request"};

// Request line
inline constexpr HttpFault kBadRequestLine{400, "L1", "malformed request line"};
inline constexpr HttpFault kBadMethod{400, "L2", "malformed method"};
inline constexpr HttpFault kUnknownMethod{501, "L2", "method is not supported"};
inline constexpr HttpFault kRefusedMethod{405, "L2", "method is not allowed"};
inline constexpr HttpFault kBadVersion{400, "L3", "malformed HTTP version"};
inline constexpr HttpFault kOtherVersion{505, "L3", "only HTTP/1.0 and HTTP/1.1 are supported"};
inline constexpr HttpFault kBadTargetForm{400, "L4", "request target has an unsupported form"};
inline constexpr HttpFault kTargetNotHost{400, "L4", "request target and Host differ"};
inline constexpr HttpFault kBadTargetByte{400, "L5", "request target holds a forbidden character"};
inline constexpr HttpFault kBadPath{400, "L6", "request path holds a forbidden escape"};
inline constexpr HttpFault kLongRequestLine{414, "L7", "request line is too long"};
inline constexpr HttpFault kNoHost{400, "L8", "Host is missing"};
inline constexpr HttpFault kRepeatedHost{400, "L8", "Host must appear only once"};
inline constexpr HttpFault kBadHost{400, "L8", "Host is malformed"};

// Fields
inline constexpr HttpFault kSpaceBeforeColon{400, "H1", "white space before the colon of a field"};
inline constexpr HttpFault kFoldedLine{400, "H2", "folded field lines are not supported"};
inline constexpr HttpFault kBadFieldName{400, "H3", "malformed field name"};
inline constexpr HttpFault kBadFieldByte{400, "H4", "field holds a control character"};
inline constexpr HttpFault kLongField{431, "H5", "a field is too long"};
inline constexpr HttpFault kLongHead{431, "H5", "the fields are too long together"};
inline constexpr HttpFault kManyFields{431, "H5", "too many fields"};
inline constexpr HttpFault kRepeatedField{400, "H6", "a field that must be unique was repeated"};
inline constexpr HttpFault kBadConnection{400, "H7", "Connection names a field it must not name"};
inline constexpr HttpFault kManyOptions{400, "H9", "Connection names too many fields"};

inline constexpr HttpFault kBadExpectation{417, "C3", "only 100-continue can be expected"};

// Responses
inline constexpr HttpFault kBadStatusLine{502, "U1", "upstream sent a malformed status line"};
inline constexpr HttpFault kBadUpstreamFields{502, "U2", "upstream sent malformed fields"};
inline constexpr HttpFault kBadUpstreamFraming{502, "U3", "upstream sent contradictory framing"};
inline constexpr HttpFault kBigUpstreamHead{502, "U4", "upstream sent too large a head"};
inline constexpr HttpFault kUnaskedUpgrade{502, "C6", "upstream switched protocols unasked"};
inline constexpr HttpFault kManyInformational{502, "C8", "upstream sent too many interim answers"};

}  // namespace qcc::http::faults
