// Source: the openssl command line, keys of the curve P-256 that nobody else uses:
//   openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:prime256v1 -out NAME.key
//   openssl req -new -key NAME.key -subj /CN=… -out NAME.csr
//   openssl ca -selfsign -keyfile NAME.key -in NAME.csr -startdate … -enddate … -extfile NAME.ext -out NAME.crt
//   openssl ca -cert ca.crt -keyfile ca.key -in NAME.csr -startdate … -enddate … -extfile NAME.ext -out NAME.crt
// with subjectAltName=… (basicConstraints=critical,CA:true for the CA) in NAME.ext, from 2020 to 2120 unless it says otherwise.

/** A certificate and its key in PEM form. */
export interface CertificateVector {
  readonly cert: string;
  readonly key: string;
}

/** A CA that no system trusts. */
export const ca: CertificateVector = {
  cert: `-----BEGIN CERTIFICATE-----
MIIBRjCB7aADAgECAgEBMAoGCCqGSM49BAMCMBIxEDAOBgNVBAMMB3Rlc3QgQ0Ew
IBcNMjAwMTAxMDAwMDAwWhgPMjEyMDAxMDEwMDAwMDBaMBIxEDAOBgNVBAMMB3Rl
c3QgQ0EwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAAQ2Xv/LYFDZKHHsur4j28In
pEHVpLFZl9lzpx8eyG9CKwsgqg0EUa1jQJVnjHy0wdFczIJiuh+n5sUMEV2aka6y
ozIwMDAPBgNVHRMBAf8EBTADAQH/MB0GA1UdDgQWBBQ+EUpdkKZefzSEK4EZiYsS
kO7IzDAKBggqhkjOPQQDAgNIADBFAiBRBGwogJVla1B+V+EbAxJqsgdy2K/sxpBo
HkvzWRMmDgIhAOVfIgQ67nMu/OKfwoqUzyzS9A4D5Vsa3pVWCJG/EQlm
-----END CERTIFICATE-----
`,
  key: `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgCrrRsF2aJI4UH+O7
RHbCXNx+hni5gACMfTKP1JaTxO2hRANCAAQ2Xv/LYFDZKHHsur4j28InpEHVpLFZ
l9lzpx8eyG9CKwsgqg0EUa1jQJVnjHy0wdFczIJiuh+n5sUMEV2aka6y
-----END PRIVATE KEY-----
`,
};

/** For localhost and 127.0.0.1, signed by itself. */
export const selfSigned: CertificateVector = {
  cert: `-----BEGIN CERTIFICATE-----
MIIBVTCB/KADAgECAgECMAoGCCqGSM49BAMCMBQxEjAQBgNVBAMMCWxvY2FsaG9z
dDAgFw0yMDAxMDEwMDAwMDBaGA8yMTIwMDEwMTAwMDAwMFowFDESMBAGA1UEAwwJ
bG9jYWxob3N0MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEJKQgoPCBE5bhYJwl
ObqrTZUJ0UWy8lZF5JB71dVc3qinxQx0j1q1j1Y7DD0PYc057fnsF3Fxlh9SMkB5
RYE4b6M9MDswGgYDVR0RBBMwEYIJbG9jYWxob3N0hwR/AAABMB0GA1UdDgQWBBRx
d8kLdRlBOuPfLf+lJw+17lbCBzAKBggqhkjOPQQDAgNIADBFAiEAgfeUNt1IZkGW
yKN5vL5tFG0zjHKoRFXUMwNNInoHefQCID+BtodmuDNTemyDNny9Ko0szV9muKgJ
X99uNBm/MuQ5
-----END CERTIFICATE-----
`,
  key: `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg0hArRbKmS97ohyKj
eqq0Yd1ohgLA9xToc8bfhGeBPMWhRANCAAQkpCCg8IETluFgnCU5uqtNlQnRRbLy
VkXkkHvV1VzeqKfFDHSPWrWPVjsMPQ9hzTnt+ewXcXGWH1IyQHlFgThv
-----END PRIVATE KEY-----
`,
};

/** For localhost and 127.0.0.1, signed by the CA. */
export const local: CertificateVector = {
  cert: `-----BEGIN CERTIFICATE-----
MIIBcDCCARegAwIBAgIBAzAKBggqhkjOPQQDAjASMRAwDgYDVQQDDAd0ZXN0IENB
MCAXDTIwMDEwMTAwMDAwMFoYDzIxMjAwMTAxMDAwMDAwWjAQMQ4wDAYDVQQDDAVs
b2NhbDBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABB4c3k9vXYpnCeRNsd6FxfGv
C+2lXYLS642av3h3iAV+uaLHS5AUqSMs/N4rLLbaS1EciAeZOOvuaZp/L9gcrsej
XjBcMBoGA1UdEQQTMBGCCWxvY2FsaG9zdIcEfwAAATAdBgNVHQ4EFgQUfFPeMM9y
XaYsWPpCk8vKZDgKs8kwHwYDVR0jBBgwFoAUPhFKXZCmXn80hCuBGYmLEpDuyMww
CgYIKoZIzj0EAwIDRwAwRAIgFT3vJ2LcfFf1d97jdaPwIHVAKfoAMwryGEGjH59e
zToCIDKQqBC/HN4vIFQZ/5MwmkfwLSJ7oSAcK48o0gvZWtld
-----END CERTIFICATE-----
`,
  key: `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgPPBNEWl3XlRev56P
pjFrOFFlIg8WJCGfZTQvzrLEFEKhRANCAAQeHN5Pb12KZwnkTbHehcXxrwvtpV2C
0uuNmr94d4gFfrmix0uQFKkjLPzeKyy22ktRHIgHmTjr7mmafy/YHK7H
-----END PRIVATE KEY-----
`,
};

/** For other.test and *.wild.test, signed by the CA. */
export const other: CertificateVector = {
  cert: `-----BEGIN CERTIFICATE-----
MIIBdzCCAR+gAwIBAgIBBDAKBggqhkjOPQQDAjASMRAwDgYDVQQDDAd0ZXN0IENB
MCAXDTIwMDEwMTAwMDAwMFoYDzIxMjAwMTAxMDAwMDAwWjAQMQ4wDAYDVQQDDAVv
dGhlcjBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABGYGkWbBUGf+jXm9p4Vkn4Pn
T39hCHHRVKyBGtEpVlVVEtmbwuB0XAEf9SS4poDmZQqfn2IDLwzXq5jSsSsNqOOj
ZjBkMCIGA1UdEQQbMBmCCm90aGVyLnRlc3SCCyoud2lsZC50ZXN0MB0GA1UdDgQW
BBQfS4jgnHxTaBTcD4p4QJtNWk2VdDAfBgNVHSMEGDAWgBQ+EUpdkKZefzSEK4EZ
iYsSkO7IzDAKBggqhkjOPQQDAgNGADBDAiBz2U37u7erXHsJw17R0GDthAlNbZYJ
6R+l+THu19GDwgIfYmWUvkB091/ndBPDWMJSo2x/s/11XEMEr5H9RGp2fw==
-----END CERTIFICATE-----
`,
  key: `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg/QpjARIu1JcjHi6S
3LRn20fbkJlxCT/WhJGlK0Bb+4ChRANCAARmBpFmwVBn/o15vaeFZJ+D509/YQhx
0VSsgRrRKVZVVRLZm8LgdFwBH/UkuKaA5mUKn59iAy8M16uY0rErDajj
-----END PRIVATE KEY-----
`,
};

/** As `local`, but of January 2020. */
export const expired: CertificateVector = {
  cert: `-----BEGIN CERTIFICATE-----
MIIBcDCCARegAwIBAgIBBTAKBggqhkjOPQQDAjASMRAwDgYDVQQDDAd0ZXN0IENB
MB4XDTIwMDEwMTAwMDAwMFoXDTIwMDIwMTAwMDAwMFowEjEQMA4GA1UEAwwHZXhw
aXJlZDBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABOoeHR+1X4b2H5lfny+wsxGf
dYGdffXn3wmNPtJ86FlGP4312RRL/PfXzE7pQ5MoqQ+b7ZbRsHgdDbCuebQgp6ij
XjBcMBoGA1UdEQQTMBGCCWxvY2FsaG9zdIcEfwAAATAdBgNVHQ4EFgQUgUopX29D
DiX1wU0YNmszTlRwt+gwHwYDVR0jBBgwFoAUPhFKXZCmXn80hCuBGYmLEpDuyMww
CgYIKoZIzj0EAwIDRwAwRAIgNwHoUcUg8EA2T6HqD/a0hG8KzCec+g+KuwmrvHlA
IuICIG7wW2pIFrC1CBGq1TObyWmGB+MaobCIhgYwhdA5ziUc
-----END CERTIFICATE-----
`,
  key: `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgcKey8JI6YvGW1FDd
1W/zKTDLhV4eiTQXkskYvXNn8sehRANCAATqHh0ftV+G9h+ZX58vsLMRn3WBnX31
598JjT7SfOhZRj+N9dkUS/z318xO6UOTKKkPm+2W0bB4HQ2wrnm0IKeo
-----END PRIVATE KEY-----
`,
};
