(** * The numeric bounds, as functions of real numbers

    Every number that the calculator prints as a bound is the value of one of
    the functions below.  The theorems of this directory state that these
    functions bound the error of softmax attention; the certificates
    (certificate_library.v) state that one of these functions, at given
    rational arguments, is at most a given decimal.  The prompt length is a
    real number here, so that a certificate at length 10^12 need not build a
    unary integer.

    Vocabulary: [L] prompt length; [w] normalised weight of a token, E w = 1;
    [rho] = E w^2; [kap] = E w^-1; [A2] = E w^2|f|^2; [F0] = E|f|^2;
    [del], [th] proof parameters, free in the stated ranges.

    Glossary; the formula stands at each definition.
    - [chernoff_bound], [chernoff_tail_bound], [chernoff_fourth_bound]: the right
      sides of T4, for the mean square, the tail and the fourth moment.
    - [inverse_moment_bound], [inverse_moment_two_split_bound]: the two bounds of T5
      on I_k(n) = E (w_1 + ... + w_n)^-k, with one and with two splits;
      [inverse_moment_split_bound c]: the one that c selects.
    - [exponential_sum k x] = sum_{j<k} x^j/j!; [upper_gamma_ratio k x] = Q_k(x) =
      e^-x times this sum.
    - [laplace_split_bound], [laplace_bound]: T5's mean square,
      A2 (L I_2(L-1) + 6 L (L-1) rho I_4(L-2)), each I_k replaced by a bound.
    - [participation_split_bound], [participation_bound]: T5's participation ratio,
      min(1, L rho I_2(L-1)).  Here and below a name with split takes a choice
      of splits, and the name without it has one split throughout.
    - [gaussian_chernoff_bound]; [gaussian_general_laplace_split_bound],
      [gaussian_general_laplace_bound]: T4 and T5 at the moments of Gaussian tokens;
      [gaussian_laplace_split_bound], [gaussian_laplace_bound]: the sharp form of T5,
      (tau + eta) times the bound of r_2.
    - [list_sum]: the sum of a list; [norm_mgf_bound]: a bound of the cumulant
      generating function ln E e^{lam |VX - c|^2}; [tilted_mean_square_bound]: a bound
      of |V m(a)|^2, m(a) the mean of the tilted law.
    - [subgaussian_A2], [subgaussian_F0]: bounds of A2 and F0 for sub-Gaussian tokens;
      [subgaussian_chernoff_bound], [subgaussian_laplace_split_bound],
      [subgaussian_laplace_bound]: T4 and T5 at these, rho = e^{2y}, kap = e^y;
      [crude_bound] = (ln L + D) / lam, D the value of [norm_mgf_bound]. *)
From Coq Require Import Reals List.
Local Open Scope R_scope.

(** ** T4: truncation and Chernoff's inequality *)

(** E|sum p_i f(X_i)|^2 is at most this, for L >= 2 and 1/L < del < 1. *)
Definition chernoff_bound (A2 F0 rho L del : R) : R :=
  A2 / ((1 - del)^2 * L)
  + L * F0 * exp (- (del * L - 1)^2 / (2 * (L - 1) * rho)).

(** P(|sum p_i f(X_i)| >= eps) is at most this, for 0 < del < 1. *)
Definition chernoff_tail_bound (A2 rho L del eps : R) : R :=
  A2 / ((1 - del)^2 * L * eps^2) + exp (- (L * del^2) / (2 * rho)).

(** E|sum p_i f(X_i)|^4 is at most this; A4 = E w^4|f|^4, F4 = E|f|^4. *)
Definition chernoff_fourth_bound (A4 A2 F4 rho L del : R) : R :=
  (A4 / L^3 + 3 * A2^2 / L^2) / (1 - del)^4
  + L * F4 * exp (- (del * L - 1)^2 / (2 * (L - 1) * rho)).

(** ** T5: negative moments of the total weight *)

(** I_k(n) = E (w_1 + ... + w_n)^-k is at most this, for n >= k >= 1, 0 < th <= 1. *)
Definition inverse_moment_bound (k : nat) (n rho kap th : R) : R :=
  / (n * (1 - th / 2))^k
  + (kap / INR k)^k * exp (- ((n - INR k) * (th / rho) * (1 - th / 2))).

(** Q_k(x) = e^-x sum_{j<k} x^j / j! = INT_x^oo s^{k-1}/(k-1)! e^-s ds, the
    regularised upper incomplete Gamma function of integer order k. *)
Fixpoint exponential_sum (k : nat) (x : R) : R :=
  match k with O => 0 | S j => exponential_sum j x + x^j / INR (fact j) end.
Definition upper_gamma_ratio (k : nat) (x : R) : R := exp (- x) * exponential_sum k x.

(** I_k(n) is at most this too, for the same n, k, th: the far tail, where kap
    enters, is paid for with the fixed exponent (n-k)/(2 rho). *)
Definition inverse_moment_two_split_bound (k : nat) (n rho kap th : R) : R :=
  / (n * (1 - th / 2))^k
  + / (n / 2)^k * upper_gamma_ratio k (n * th / (2 * rho))
  + (kap / INR k)^k * exp (- ((n - INR k) / (2 * rho))).

(** The Laplace integral of I_k(n) is split at th/rho, or at th/rho and 1/rho. *)
Inductive splits : Set := one_split | two_splits.
Definition inverse_moment_split_bound (c : splits) : nat -> R -> R -> R -> R -> R :=
  match c with
  | one_split => inverse_moment_bound
  | two_splits => inverse_moment_two_split_bound
  end.

(** E|sum p_i f(X_i)|^2 is at most this, for L >= 6, with either form of I_2 and
    of I_4; [laplace_bound] has one split in both. *)
Definition laplace_split_bound (c2 c4 : splits) (A2 rho kap L th2 th4 : R) : R :=
  A2 * (L * inverse_moment_split_bound c2 2 (L - 1) rho kap th2
        + 6 * L * (L - 1) * rho * inverse_moment_split_bound c4 4 (L - 2) rho kap th4).
Definition laplace_bound : R -> R -> R -> R -> R -> R -> R :=
  laplace_split_bound one_split one_split.

(** The participation ratio r_2 = E sum p_i^2 is at most this, for L >= 3. *)
Definition participation_split_bound (c : splits) (rho kap L th : R) : R :=
  Rmin 1 (L * rho * inverse_moment_split_bound c 2 (L - 1) rho kap th).
Definition participation_bound : R -> R -> R -> R -> R := participation_split_bound one_split.

(** ** Gaussian tokens: rho = kap = e^{s^2}, A2 = e^{s^2}(tau + eta), F0 = tau + eta

    s2 = a^T Gamma a, tau = tr(V Gamma V^T), eta = |V Gamma a|^2. *)
Definition gaussian_chernoff_bound (s2 tau eta L del : R) : R :=
  chernoff_bound (exp s2 * (tau + eta)) (tau + eta) (exp s2) L del.

(** The sharp form, by way of r_2, for L >= 3. *)
Definition gaussian_laplace_split_bound (c : splits) (s2 tau eta L th : R) : R :=
  (tau + eta) * participation_split_bound c (exp s2) (exp s2) L th.
Definition gaussian_laplace_bound : R -> R -> R -> R -> R -> R :=
  gaussian_laplace_split_bound one_split.

(** The general T5 at Gaussian tokens (it does not use the shape of r_2). *)
Definition gaussian_general_laplace_split_bound (c2 c4 : splits) (s2 tau eta L th2 th4 : R) : R :=
  laplace_split_bound c2 c4 (exp s2 * (tau + eta)) (exp s2) (exp s2) L th2 th4.
Definition gaussian_general_laplace_bound : R -> R -> R -> R -> R -> R -> R :=
  gaussian_general_laplace_split_bound one_split one_split.

(** ** T6: a law known only through its sub-Gaussian parameter sigma

    y = sigma^2 |a|^2, sig2 = sigma^2, nus the eigenvalues of V V^T,
    op2 = |V|^2 the largest of them, lam a proof parameter with
    0 < lam < 1/(2 sig2 op2). *)
Definition list_sum (l : list R) : R := fold_right Rplus 0 l.

(** ln E e^{lam |VX - c|^2} is at most this, c2 = |c|^2  (`norm-mgf`). *)
Definition norm_mgf_bound (sig2 : R) (nus : list R) (op2 c2 lam : R) : R :=
  - (1 / 2) * list_sum (map (fun nu => ln (1 - 2 * lam * sig2 * nu)) nus)
  + lam * c2 / (1 - 2 * lam * sig2 * op2).

(** |V m(a)|^2 is at most this, by `tilted-mean`. *)
Definition tilted_mean_square_bound (y sig2 op2 : R) : R := 4 * y * sig2 * op2.

Definition subgaussian_A2 (y sig2 : R) (nus : list R) (op2 lam : R) : R :=
  exp (2 * y)
  * (8 * y + norm_mgf_bound sig2 nus op2 (tilted_mean_square_bound y sig2 op2) lam)
  / lam.

Definition subgaussian_F0 (y sig2 : R) (nus : list R) (op2 : R) : R :=
  sig2 * list_sum nus + tilted_mean_square_bound y sig2 op2.

Definition subgaussian_chernoff_bound (y sig2 : R) (nus : list R) (op2 lam L del : R) : R :=
  chernoff_bound (subgaussian_A2 y sig2 nus op2 lam)
                 (subgaussian_F0 y sig2 nus op2) (exp (2 * y)) L del.

Definition subgaussian_laplace_split_bound (c2 c4 : splits)
    (y sig2 : R) (nus : list R) (op2 lam L th2 th4 : R) : R :=
  laplace_split_bound c2 c4 (subgaussian_A2 y sig2 nus op2 lam) (exp (2 * y)) (exp y) L th2 th4.
Definition subgaussian_laplace_bound : R -> R -> list R -> R -> R -> R -> R -> R -> R :=
  subgaussian_laplace_split_bound one_split one_split.

(** E max_i |V(X_i - m(a))|^2 is at most this, at any length (`crude-bound`). *)
Definition crude_bound (y sig2 : R) (nus : list R) (op2 lam L : R) : R :=
  (ln L + norm_mgf_bound sig2 nus op2 (tilted_mean_square_bound y sig2 op2) lam) / lam.
