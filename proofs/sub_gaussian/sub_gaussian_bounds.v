(* T6: attention over tokens of a law that is known only through its variance proxy.

   x = (x_0, ..., x_{d-1}) are the coordinates of a token, of mean zero, sub-Gaussian
   with variance proxy s2; V is a matrix with V V^T = O diag(nu) O^T, O orthogonal,
   nu_j <= op2; a the tilt, w = e^{<a,x>}, c = V m(a) the population attention,
   y = s2 |a|^2.

     token_weight, token_value i   w, and coordinate i of V x
     population i                  coordinate i of c
     deviation i                   their difference, f = V x - c
     prompt_output i               coordinate i of That, the attention over L i.i.d. tokens
     square_error                  |That - c|^2

   With D = norm_mgf_bound at |c|^2 = 4 y s2 op2 and 0 < lam, 2 lam s2 op2 < 1:

     rho <= e^{2y},  kap <= e^y                       (sub_gaussian_rho, sub_gaussian_kappa)
     |c|^2 <= 4 y s2 op2                              (population_square_le)
     A2 <= e^{2y} (8y + D) / lam                      (sub_gaussian_A2_le)
     F0 <= s2 |V|_F^2 + 4 y s2 op2                    (sub_gaussian_F0_le).

   The mean squared error E|That - c|^2 is at most each of

     T4 at A2 = subgaussian_A2, F0 = subgaussian_F0, rho = e^{2y}, L >= 2   (sub_gaussian_chernoff)
     T5 at that A2, rho = e^{2y}, kap = e^y, L >= 6, one or two splits      (sub_gaussian_laplace)
     (ln L + D) / lam, L >= 1                                               (sub_gaussian_crude). *)
From Coq Require Import Reals.
From mathcomp Require Import all_ssreflect ssralg ssrnum ssrint interval finmap zmodp matrix.
From mathcomp.classical Require Import mathcomp_extra boolp classical_sets functions cardinality fsbigop.
From mathcomp.analysis Require Import signed reals Rstruct ereal topology normedtype sequences esum measure lebesgue_measure numfun lebesgue_integral.
From AttentionBounds.foundation Require Import integration probability_measure finite_sums self_normalised abstract_expectation independence.
From AttentionBounds.certificate Require Import bounds_definitions.
From AttentionBounds.chernoff Require Import chernoff_certified.
From AttentionBounds.laplace Require Import laplace_bound.
From AttentionBounds.gaussian Require Import flat_model.
From AttentionBounds.sub_gaussian Require Import tilted_mean norm_mgf sub_gaussian_moments.
From AttentionBounds.certificate Require bounds_monotone.
Set Implicit Arguments. Unset Strict Implicit. Unset Printing Implicit Defensive.
Import Order.TTheory GRing.Theory Num.Def Num.Theory.
Local Open Scope classical_set_scope.
Local Open Scope ring_scope.

Section SubGaussianAttention.
Context d' (T : measurableType d') (mu : {measure set T -> \bar RR}).
Hypothesis mu1 : mu setT = 1%E.
Variables (d : nat) (x : 'I_d -> T -> RR) (s2 : RR).
Hypothesis mx : forall k, measurable_fun setT (x k).
Hypothesis s2_pos : 0 < s2.
Hypothesis x_sub : subgaussian mu x s2.
Hypothesis x_mean : forall k, \int[mu]_t x k t = 0.
Variables (m : nat) (V : 'M[RR]_(m, d)) (O : 'M[RR]_m) (nu : 'rV[RR]_m) (op2 : RR).
Hypothesis O_orthogonal : O^T *m O = 1%:M.
Hypothesis V_eigen : V *m V^T = O *m diag_mx nu *m O^T.
Hypothesis op2_pos : 0 < op2.
Hypothesis nu_le : forall j, nu 0 j <= op2.
Variable a : 'I_d -> RR.

Definition token_weight (t : T) : RR := rexp (linear_form x a t).
Definition token_value (i : 'I_m) (t : T) : RR := linear_form x (V i) t.
(* population attention c = V m(a) *)
Definition population (i : 'I_m) : RR := \sum_(k < d) V i k * tilted_mean_vector mu x a k.
Definition deviation (i : 'I_m) (t : T) : RR := token_value i t - population i.
Let y := s2 * square_norm a.
Let mean_bound : RR := tilted_mean_square_bound y s2 op2.

Let y_ge0 : 0 <= y. Proof. by rewrite mulr_ge0 ?square_norm_ge0// ltW. Qed.

(* ---- the moments of the weight ---- *)

Lemma token_weight_gt0 t : 0 < token_weight t. Proof. exact: rexp_gt0. Qed.

Lemma measurable_token_weight : measurable_fun setT token_weight.
Proof. exact: (measurable_fun_comp measurable_fun_exp (measurable_linear_form mx a)). Qed.

Let weight_square t : token_weight t ^+ 2 = rexp (linear_form x (fun k => 2%:R * a k) t).
Proof. by rewrite linear_form_scale mulr_natl mulr2n rexpD expr2. Qed.

Let weight_inverse t : (token_weight t)^-1 = rexp (linear_form x (fun k => -1 * a k) t).
Proof. by rewrite linear_form_scale mulN1r -[RHS]/(Rtrigo_def.exp (Ropp _)) exp_Ropp RinvE'. Qed.

Lemma token_weight_square : Pint mu (fun t => token_weight t ^+ 2) /\
  \int[mu]_t (token_weight t ^+ 2) = mass mu x (fun k => 2%:R * a k).
Proof.
have I := integrable_exp0 mx x_sub (fun k => 2%:R * a k).
rewrite /mass -(funext weight_square); split => //.
by apply: Pint_ext I => t; rewrite weight_square.
Qed.

Lemma token_weight_inverse : Pint mu (fun t => (token_weight t)^-1) /\
  \int[mu]_t (token_weight t)^-1 = mass mu x (fun k => -1 * a k).
Proof.
have I := integrable_exp0 mx x_sub (fun k => -1 * a k).
rewrite /mass -(funext weight_inverse); split => //.
by apply: Pint_ext I => t; rewrite weight_inverse.
Qed.

Let bounds v := mass_bounds mu1 mx x_sub x_mean v.
Let massE : \int[mu]_t token_weight t = mass mu x a. Proof. by []. Qed.

Let mass2_le : mass mu x (fun k => 2%:R * a k) <= rexp (2%:R * y).
Proof.
have /andP[_ H] := bounds (fun k => 2%:R * a k); apply: le_trans H _.
apply: ler_rexp; rewrite square_norm_scale mulrCA -/y; move: (y) => z.
by rewrite expr2 -!mulrA [2%:R * (z / _)]mulrC divfK ?pnatr_eq0.
Qed.

Lemma sub_gaussian_rho : tilted_rho mu token_weight <= rexp (2%:R * y).
Proof.
rewrite /tilted_rho (proj2 token_weight_square) massE; apply: le_trans mass2_le.
have /andP[Z1 _] := bounds a; have /andP[Z2 _] := bounds (fun k => 2%:R * a k).
rewrite ler_pdivr_mulr ?exprn_gt0 ?(lt_le_trans ltr01 Z1)//.
by rewrite ler_pemulr ?(le_trans ler01 Z2)// exprn_ege1.
Qed.

Lemma sub_gaussian_kappa : tilted_kappa mu token_weight <= rexp y.
Proof.
rewrite /tilted_kappa (proj2 token_weight_inverse) massE.
have /andP[Z1 H1] := bounds a; have /andP[Z2 H2] := bounds (fun k => -1 * a k).
apply: (@le_trans _ _ (rexp (y / 2%:R) * rexp (y / 2%:R))); last first.
  by rewrite -rexpD -splitr.
apply: ler_pmul; rewrite ?(le_trans ler01)//.
by move: H2; rewrite square_norm_scale sqrrN expr1n mul1r.
Qed.

(* ---- the population value: |V u|^2 <= op2 |u|^2 ---- *)

Lemma operator_square_le (u : 'I_d -> RR) :
  \sum_(i < m) (\sum_(k < d) V i k * u k) ^+ 2 <= op2 * square_norm u.
Proof.
pose uc : 'cV[RR]_d := \col_k u k; pose z : 'cV[RR]_m := V *m uc; pose g : 'cV[RR]_d := V^T *m z.
have norm2 n (q : 'cV[RR]_n) : \sum_(i < n) q i 0 ^+ 2 = (q^T *m q) 0 0.
  by rewrite mxE; apply: eq_bigr => i _; rewrite [q^T 0 i]mxE expr2.
have zE : \sum_(i < m) (\sum_(k < d) V i k * u k) ^+ 2 = \sum_(i < m) z i 0 ^+ 2.
  by apply: eq_bigr => i _; congr (_ ^+ 2); rewrite /z mxE; apply: eq_bigr => k _; rewrite mxE.
have trO (q : 'cV[RR]_m) : (O^T *m q)^T = q^T *m O by rewrite trmx_mul trmxK.
have gT : g^T = z^T *m V by rewrite /g; move: (z) => z'; rewrite trmx_mul trmxK.
have gu : \sum_(i < m) z i 0 ^+ 2 = \sum_(k < d) g k 0 * u k.
  have -> : \sum_(k < d) g k 0 * u k = (g^T *m uc) 0 0.
    by rewrite [RHS]mxE; apply: eq_bigr => k _; rewrite [g^T 0 k]mxE [uc k 0]mxE.
  by rewrite norm2 gT -mulmxA.
have gg : \sum_(k < d) g k 0 ^+ 2 <= op2 * \sum_(i < m) z i 0 ^+ 2.
  have -> : \sum_(i < m) z i 0 ^+ 2 = \sum_(i < m) (O^T *m z) i 0 ^+ 2.
    by rewrite !norm2 trO -mulmxA [O *m (O^T *m z)]mulmxA (mulmx1C O_orthogonal) mul1mx.
  have -> : \sum_(k < d) g k 0 ^+ 2 = \sum_(i < m) nu 0 i * (O^T *m z) i 0 ^+ 2.
    rewrite norm2 gT -mulmxA [V *m g]mulmxA V_eigen -!mulmxA [z^T *m _]mulmxA -trO mxE.
    apply: eq_bigr => i _; rewrite [(O^T *m z)^T 0 i]mxE mul_diag_mx [X in _ * X]mxE.
    by rewrite mulrCA expr2.
  by rewrite mulr_sumr; apply: ler_sum => i _; apply: ler_wpmul2r; [exact: sqr_ge0|exact: nu_le].
rewrite zE; set q := \sum_(i < m) z i 0 ^+ 2 in gu gg *.
have H : 0 <= \sum_(k < d) (op2 * u k - g k 0) ^+ 2 by apply: sumr_ge0 => k _; exact: sqr_ge0.
have E : \sum_(k < d) (op2 * u k - g k 0) ^+ 2 =
    op2 * (op2 * square_norm u) - op2 * q *+ 2 + \sum_(k < d) g k 0 ^+ 2.
  rewrite gu /square_norm !mulr_sumr -sumrMnl -sumrB -big_split /=; apply: eq_bigr => k _.
  by rewrite sqrrB exprMn expr2 -!mulrA [u k * g k 0]mulrC.
rewrite -(ler_pmul2l op2_pos) -subr_ge0; apply: le_trans H _; rewrite E mulr2n opprD addrA -addrA ger_addl.
by rewrite addrC subr_le0.
Qed.

Lemma population_square_le : \sum_(i < m) population i ^+ 2 <= mean_bound.
Proof.
apply: le_trans (operator_square_le _) _.
have H := tilted_mean_le mu1 mx s2_pos x_sub x_mean a.
apply: (le_trans (ler_wpmul2l (ltW op2_pos) H)); rewrite le_eqVlt; apply/orP; left; apply/eqP.
rewrite /mean_bound /tilted_mean_square_bound -/(square_norm a) /y; move: (square_norm a) => z.
rewrite expr2 -IZR2E -!RmultE.
by match goal with |- @eq _ ?p ?q => change (@eq R p q) end; ring.
Qed.

(* ---- the deviation f = Vx - c ---- *)

Lemma measurable_deviation i : measurable_fun setT (deviation i).
Proof. by apply: measurable_funB; [exact: measurable_linear_form|exact: measurable_fun_cst]. Qed.

Let tilted_one v k := integrable_tilted mu1 mx x_sub v k.

(* E[w f] = 0 *)
Lemma weighted_deviation_mean i : \int[mu]_t (token_weight t * deviation i t) = 0.
Proof.
have Z0 := lt0r_neq0 (mass_gt0 mu1 mx x_sub x_mean a).
have S k : Pint mu (fun t => V i k * (token_weight t * x k t)) /\
    Pmean mu (fun t => V i k * (token_weight t * x k t)) = mass mu x a * (V i k * tilted_mean_vector mu x a k).
  have [I ->] := @Pint_scale _ _ mu (V i k) (fun t => token_weight t * x k t)
    (fun t => V i k * (token_weight t * x k t)) (tilted_one a k) (fun=> erefl).
  by split => //; rewrite mulrCA; congr (_ * _); rewrite mulrC /tilted_mean_vector divfK.
have [I E] := @Pmean_sum _ _ mu mu1 d _ _ (fun k => proj1 (S k)) (fun k => proj2 (S k)).
have [_ J] := mean_lin 1 (- population i) I (integrable_exp0 mx x_sub a).
have EQ t : 1 * (\sum_(k < d) V i k * (token_weight t * x k t)) + - population i * rexp (linear_form x a t)
    = token_weight t * deviation i t.
  rewrite mul1r mulrBr mulNr [population i * _]mulrC; congr (_ - _).
  by rewrite /token_value /linear_form mulr_sumr; apply: eq_bigr => k _; rewrite mulrCA.
rewrite -[LHS]/(Pmean mu (fun t => token_weight t * deviation i t)) -(funext EQ) J E mul1r.
by rewrite -mulr_sumr -[Pmean mu _]/(mass mu x a) mulrC -mulrDl subrr mul0r.
Qed.

Let weighted_square i t : (token_weight t * deviation i t) ^+ 2 =
  rexp (linear_form x (fun k => 2%:R * a k) t) * (linear_form x (V i) t - population i) ^+ 2.
Proof. by rewrite exprMn weight_square. Qed.

Lemma weighted_deviation_square i : Pint mu (fun t => (token_weight t * deviation i t) ^+ 2).
Proof.
have I := integrable_exp_square mu1 mx x_sub (fun k => 2%:R * a k) (V i) (population i).
by apply: Pint_ext I => t; rewrite weighted_square.
Qed.

(* E f_i^2 <= s2 |V_i|^2 + c_i^2 *)
Lemma deviation_square i : Pint mu (fun t => deviation i t ^+ 2) /\
  \int[mu]_t (deviation i t ^+ 2) <= s2 * square_norm (V i) + population i ^+ 2.
Proof.
have [I2 E2] := variance_le mu1 mx s2_pos x_sub x_mean (V i).
have I1 := integrable_linear_form mu1 mx x_sub (V i).
have [J1 F1] := mean_lin 1 (- (2%:R * population i)) I2 I1.
have [J F] := mean_lin 1 (population i ^+ 2) J1 (Pint_const mu1 1).
have EQ t : 1 * (1 * linear_form x (V i) t ^+ 2 + - (2%:R * population i) * linear_form x (V i) t)
    + population i ^+ 2 * 1 = deviation i t ^+ 2.
  rewrite !mul1r mulr1 sqrrB mulNr; congr (_ - _ + _).
  by rewrite -[RHS]mulr_natl -mulrA [population i * _]mulrC.
split; first by apply: Pint_ext J => t; exact: EQ.
rewrite -[X in X <= _]/(Pmean mu (fun t => deviation i t ^+ 2)) -(funext EQ) F F1.
by rewrite (linear_form_mean mu1 mx x_sub x_mean) mulr0 addr0 !mul1r (Pmean_const mu1) mulr1 ler_add2r.
Qed.

(* |V|_F^2 is the sum of the eigenvalues of V V^T *)
Lemma eigenvalue_sum : \sum_(i < m) square_norm (V i) = list_sum (eigenvalues nu).
Proof.
have -> : list_sum (eigenvalues nu) = \sum_(j < m) nu 0 j :> RR.
  rewrite -[eigenvalues nu]List.map_id /eigenvalues.
  by rewrite (list_sumE (enum 'I_m) (fun j => nu 0 j) (fun z => z)) big_enum.
have -> : \sum_(i < m) square_norm (V i) = \tr (V *m V^T).
  apply: eq_bigr => i _; rewrite mxE; apply: eq_bigr => k _.
  by rewrite [V^T k i]mxE expr2.
by rewrite V_eigen mxtrace_mulC mulmxA O_orthogonal mul1mx mxtrace_diag.
Qed.

Theorem sub_gaussian_F0_le :
  \sum_(i < m) \int[mu]_t (deviation i t ^+ 2) <= subgaussian_F0 y s2 (eigenvalues nu) op2.
Proof.
apply: (@le_trans _ _ (\sum_(i < m) (s2 * square_norm (V i) + population i ^+ 2))).
  by apply: ler_sum => i _; case: (deviation_square i).
rewrite big_split /= -mulr_sumr eigenvalue_sum.
by apply: ler_add => //; exact: population_square_le.
Qed.

(* ---- A2 ---- *)

Variable lam : RR.
Hypothesis lam0 : 0 < lam.
Hypothesis lam_lt : 2%:R * lam * s2 * op2 < 1.
Let D : RR := norm_mgf_bound s2 (eigenvalues nu) op2 mean_bound lam.
Let total t := \sum_(i < m) deviation i t ^+ 2.

Let total_distance t : distance_square x V (\col_i population i) t = total t.
Proof. by apply: eq_bigr => i _; rewrite mxE. Qed.

Let mtotal : measurable_fun setT total.
Proof.
apply: (@measurable_fun_sumr _ _ _ _ (fun (i : 'I_m) t => deviation i t ^+ 2)) => i.
by apply: measurable_fun_sqr; exact: measurable_deviation.
Qed.

(* E e^{lam |f|^2} <= e^D *)
Lemma deviation_mgf : Pint mu (fun t => rexp (lam * total t)) /\
  Pmean mu (fun t => rexp (lam * total t)) <= rexp D.
Proof.
have H : (\int[mu]_t (rexp (lam * total t))%:E <= (rexp D)%:E)%E.
  have := norm_mgf mu1 mx x_sub (ltW lam0) (\col_i population i) O_orthogonal V_eigen (ltW s2_pos) nu_le lam_lt.
  under eq_integral do rewrite total_distance.
  move=> H; apply: le_trans H _; rewrite lee_fin; apply: ler_rexp.
  rewrite /D /norm_mgf_bound; apply: ler_add => //; rewrite !RdivE'.
  apply: ler_wpmul2r.
    rewrite invr_ge0 subr_ge0; apply: ltW; move: lam_lt; rewrite -IZR2E; exact.
  apply: ler_wpmul2l; first exact: ltW.
  by under eq_bigr do rewrite mxE; exact: population_square_le.
have I : Pint mu (fun t => rexp (lam * total t)).
  split.
    apply/EFin_measurable_fun; apply: (measurable_fun_comp measurable_fun_exp).
    exact: (measurable_funrM lam mtotal).
  rewrite (eq_integral (fun t => (rexp (lam * total t))%:E)).
    by apply: le_lt_trans H _; rewrite ltey.
  by move=> t _ /=; rewrite ger0_norm// ltW// rexp_gt0.
by split => //; rewrite -lee_fin -(Pmean_integral I).
Qed.

Let D_ge0 : 0 <= D.
Proof.
have [I H] := deviation_mgf.
have D1 : 1 <= rexp D.
  apply: le_trans H; rewrite -[1](Pmean_const mu1); apply: mean_le (Pint_const mu1 1) I _ => t.
  apply: le_trans (rexp_ge1D _); rewrite ler_addl; apply: mulr_ge0; first exact: ltW.
  by apply: sumr_ge0 => i _; exact: sqr_ge0.
rewrite leNgt; apply/negP => D0; move: D1; rewrite leNgt; apply/negP; rewrite negbK.
by have := exp_increasing D 0 (elimT (RltP _ _) D0); rewrite exp_0 => /RltP.
Qed.

Theorem sub_gaussian_A2_le :
  (\sum_(i < m) \int[mu]_t ((token_weight t * deviation i t) ^+ 2)) / (\int[mu]_t token_weight t) ^+ 2
  <= subgaussian_A2 y s2 (eigenvalues nu) op2 lam.
Proof.
pose v : 'I_d -> RR := fun k => 2%:R * a k.
have [IY HY] := deviation_mgf.
have [I E] := @Pmean_sum _ _ mu mu1 m (fun i t => (token_weight t * deviation i t) ^+ 2)
  (fun i => \int[mu]_t ((token_weight t * deviation i t) ^+ 2)) weighted_deviation_square (fun=> erefl).
have EQ t : \sum_(i < m) (token_weight t * deviation i t) ^+ 2 = rexp (linear_form x v t) * total t.
  by rewrite mulr_sumr; apply: eq_bigr => i _; rewrite weighted_square.
have Iv : Pint mu (fun t => rexp (linear_form x v t) * total t) by apply: Pint_ext I => t; exact: EQ.
rewrite -E (funext EQ) massE.
have H := tilted_expectation_le mu1 mx s2_pos x_sub x_mean IY HY Iv.
have /andP[Z1 _] := bounds a; have /andP[Z2 _] := bounds v.
have yD : 2%:R * s2 * square_norm v = 8%:R * y.
  by rewrite square_norm_scale -natrX /y mulrAC [s2 * _]mulrC !mulrA -natrM.
rewrite yD in H.
have B : 0 <= 8%:R * y + D by rewrite addr_ge0// mulr_ge0// ler0n.
have H2 : lam * Pmean mu (fun t => rexp (linear_form x v t) * total t) <= rexp (2%:R * y) * (8%:R * y + D).
  by apply: le_trans H _; apply: ler_wpmul2r.
have M0 : 0 <= Pmean mu (fun t => rexp (linear_form x v t) * total t).
  apply/fine_ge0/integral_ge0 => t _; rewrite lee_fin; apply: mulr_ge0; first exact/ltW/rexp_gt0.
  by apply: sumr_ge0 => i _; exact: sqr_ge0.
apply: (@le_trans _ _ (Pmean mu (fun t => rexp (linear_form x v t) * total t))).
  rewrite ler_pdivr_mulr ?exprn_gt0 ?(lt_le_trans ltr01 Z1)//.
  by rewrite ler_pemulr// exprn_ege1.
have -> : subgaussian_A2 y s2 (eigenvalues nu) op2 lam = rexp (2%:R * y) * (8%:R * y + D) / lam.
  have IZR8 : IZR 8 = 8%:R :> RR by rewrite -[8%:R](INRE 8) INR_IZR_INZ.
  by rewrite /subgaussian_A2 RdivE' IZR2E IZR8.
by rewrite ler_pdivl_mulr// mulrC.
Qed.
End SubGaussianAttention.

Section SubGaussianBounds.
Context d' (T : measurableType d') (mu : {measure set T -> \bar RR}).
Hypothesis mu1 : mu setT = 1%E.
Variables (d : nat) (x : 'I_d -> T -> RR) (s2 : RR).
Hypothesis mx : forall k, measurable_fun setT (x k).
Hypothesis s2_pos : 0 < s2.
Hypothesis x_sub : subgaussian mu x s2.
Hypothesis x_mean : forall k, \int[mu]_t x k t = 0.
Variables (m : nat) (V : 'M[RR]_(m, d)) (O : 'M[RR]_m) (nu : 'rV[RR]_m) (op2 : RR).
Hypothesis O_orthogonal : O^T *m O = 1%:M.
Hypothesis V_eigen : V *m V^T = O *m diag_mx nu *m O^T.
Hypothesis op2_pos : 0 < op2.
Hypothesis nu_le : forall j, nu 0 j <= op2.
Variables (a : 'I_d -> RR) (lam : RR).
Hypothesis lam0 : 0 < lam.
Hypothesis lam_lt : 2%:R * lam * s2 * op2 < 1.
Context d0 (Om : measurableType d0) (P : {measure set Om -> \bar RR}).
Hypothesis P1 : P setT = 1%E.
Variables (L : nat) (X : nat -> Om -> T).
Hypothesis HX : iid_with_law P mu L X.

Let w := token_weight x a.
Let c := population mu x V a.
Let f := deviation mu x V a.
Let y := s2 * square_norm a.
Let A2' : RR := subgaussian_A2 y s2 (eigenvalues nu) op2 lam.
Let F0' : RR := subgaussian_F0 y s2 (eigenvalues nu) op2.

(* coordinate i of the attention output, and its squared distance to c *)
Definition prompt_output (i : 'I_m) (o : Om) : RR := weighted_mean L X w (token_value x V i) o.
Definition square_error (o : Om) : RR := \sum_(i < m) (prompt_output i o - c i) ^+ 2.

Let w0 := token_weight_gt0 x a.
Let mw : measurable_fun setT w := measurable_token_weight mx a.
Let mf i : measurable_fun setT (f i) := measurable_deviation mu mx V a i.
Let mean_zero i := weighted_deviation_mean mu1 mx x_sub x_mean V a i.
Let Iw2 := proj1 (token_weight_square mx x_sub a).
Let Iwinv := proj1 (token_weight_inverse mx x_sub a).
Let Iwf2 i := weighted_deviation_square mu1 mx x_sub V a i.
Let If2 i := proj1 (deviation_square mu1 mx s2_pos x_sub x_mean V a i).
Let rho_le := sub_gaussian_rho mu1 mx x_sub x_mean a.
Let kappa_le := sub_gaussian_kappa mu1 mx x_sub x_mean a.
Let A2_le := sub_gaussian_A2_le mu1 mx s2_pos x_sub x_mean O_orthogonal V_eigen op2_pos nu_le a lam0 lam_lt.
Let F0_le := sub_gaussian_F0_le mu1 mx s2_pos x_sub x_mean O_orthogonal V_eigen op2_pos nu_le a.

Let errorE o : (0 < L)%N -> square_error o = \sum_(i < m) (weighted_mean L X w (f i) o) ^+ 2.
Proof.
move=> L0; apply: eq_bigr => i _; congr (_ ^+ 2); rewrite /prompt_output /weighted_mean.
pose W := \sum_(j < L) w (X j o); rewrite -/W.
have W0 : W != 0.
  rewrite gt_eqF// /W (bigD1 (Ordinal L0))//= ltr_paddr//.
  by apply: sumr_ge0 => j _; exact/ltW.
have one : \sum_(j < L) w (X j o) / W = 1 by rewrite -mulr_suml mulfV.
rewrite -[c i]mul1r -one mulr_suml -sumrB; apply: eq_bigr => j _.
by rewrite -mulrBr.
Qed.

Let error_integral : (0 < L)%N -> (\int[P]_o (square_error o)%:E =
  \int[P]_o (\sum_(i < m) (weighted_mean L X w (f i) o) ^+ 2)%:E)%E.
Proof. by move=> L0; apply: eq_integral => o _; rewrite errorE. Qed.

Let exp2y : rexp (2%:R * y) = Rtrigo_def.exp (Rmult 2 y). Proof. by rewrite RmultE IZR2E. Qed.

Theorem sub_gaussian_chernoff (delta : RR) : (2 <= L)%N -> 1 / L%:R < delta < 1 ->
  (\int[P]_o (square_error o)%:E
    <= (subgaussian_chernoff_bound y s2 (eigenvalues nu) op2 lam L%:R delta : RR)%:E)%E.
Proof.
move=> L2 Hd; rewrite error_integral; last exact: ltnW.
apply: (chernoff_mean_square_certified P1 mu1 HX mw mf w0 Iw2 mean_zero L2 Hd If2 Iwf2 A2_le F0_le rho_le).
by rewrite INRE exp2y; exact: Rle_refl.
Qed.

Theorem sub_gaussian_laplace (c2 c4 : splits) (th2 th4 : RR) : (6 <= L)%N -> 0 < th2 <= 1 -> 0 < th4 <= 1 ->
  (\int[P]_o (square_error o)%:E
    <= (subgaussian_laplace_split_bound c2 c4 y s2 (eigenvalues nu) op2 lam L%:R th2 th4 : RR)%:E)%E.
Proof.
move=> L6 H2 H4; rewrite error_integral; last exact: leq_trans L6.
have := laplace_mean_square_splits P1 mu1 HX mw w0 Iw2 Iwinv c2 c4 L6 H2 H4 mf Iwf2 mean_zero.
cbv zeta => /le_trans; apply; rewrite lee_fin; apply/RleP.
have Z0 : 0 < \int[mu]_t w t by exact: (Pmean_gt0 mu1 (Pint_of_sq mu1 mw Iw2) w0).
case/andP: H2 => /RltP h1 /RleP h2; case/andP: H4 => /RltP h3 /RleP h4.
apply: bounds_monotone.laplace_split_bound_monotone; try split; try exact/RleP; try done.
- rewrite -INRE; apply: (Rle_trans _ (INR 6)); last by apply: le_INR; exact/ssrnat.leP.
  by rewrite INR_IZR_INZ /=; exact: Rle_refl.
- apply/RleP; rewrite divr_ge0 ?sqr_ge0//; apply: sumr_ge0 => i _.
  by apply/fine_ge0/integral_ge0 => t _; rewrite lee_fin sqr_ge0.
- apply/RltP; rewrite divr_gt0 ?exprn_gt0//; apply: (Pmean_gt0 mu1 Iw2) => t.
  by rewrite exprn_gt0.
- apply/RleP; rewrite mulr_ge0 ?(ltW Z0)//; apply/fine_ge0/integral_ge0 => t _.
  by rewrite lee_fin invr_ge0 ltW.
Qed.

(* ---- the bound without moments of the weight ---- *)

Let total t := \sum_(i < m) f i t ^+ 2.
Let D : RR := norm_mgf_bound s2 (eigenvalues nu) op2 (tilted_mean_square_bound y s2 op2) lam.

(* e^{lam |That - T|^2} <= sum_j e^{lam |f(X_j)|^2}: convexity, twice *)
Let exp_error_le o : (0 < L)%N -> rexp (lam * square_error o) <= \sum_(j < L) rexp (lam * total (X j o)).
Proof.
move=> L0; rewrite (errorE o L0).
pose W := \sum_(j < L) w (X j o); pose p (j : 'I_L) := w (X j o) / W.
have W0 : 0 < W.
  by rewrite /W (bigD1 (Ordinal L0))//= ltr_paddr//; apply: sumr_ge0 => j _; exact/ltW.
have p0 j : 0 <= p j by rewrite divr_ge0// ltW.
have p1 : \sum_(j < L) p j = 1 by rewrite -mulr_suml mulfV// gt_eqF.
pose Q := \sum_(j < L) p j * total (X j o).
have QE : \sum_(i < m) weighted_mean L X w (f i) o ^+ 2 <= Q.
  rewrite /Q; under [X in _ <= X]eq_bigr do rewrite mulr_sumr.
  rewrite exchange_big /=; apply: ler_sum => i _; rewrite /weighted_mean -/W.
  rewrite -/(weighted_mean L X w (f i) o) -[X in _ <= X]/(weighted_mean L X w (fun t => f i t ^+ 2) o).
  rewrite !weighted_meanE -pow2E (_ : (fun j => f i (X j o) ^+ 2) = (fun j => pow (f i (X j o)) 2)).
    apply/RleP/self_normalised_jensen => [|j _]; first exact/ssrnat.ltP.
    by apply/RltP.
  by apply/funext => j; rewrite pow2E.
apply: (@le_trans _ _ (rexp (lam * Q))); first by apply: ler_rexp; rewrite ler_pmul2l.
apply: (@le_trans _ _ (\sum_(j < L) p j * rexp (lam * total (X j o)))); last first.
  apply: ler_sum => j _; apply: ler_pimull; first exact/ltW/rexp_gt0.
  rewrite /p ler_pdivr_mulr// mul1r.
  by rewrite /W (bigD1 j)//= ler_addl; apply: sumr_ge0 => l _; exact/ltW.
have -> : rexp (lam * Q) = \sum_(j < L) p j * (rexp (lam * Q) * (1 + (lam * total (X j o) - lam * Q))).
  rewrite (eq_bigr (fun j => rexp (lam * Q) * (p j * (1 - lam * Q) + lam * (p j * total (X j o))))).
    by rewrite -mulr_sumr big_split /= -mulr_suml p1 -mulr_sumr -/Q mul1r subrK mulr1.
  move=> j _; rewrite mulrCA; congr (_ * _).
  by rewrite [lam * (_ * _)]mulrCA -mulrDr; congr (_ * _); rewrite [in RHS]addrAC -addrA.
apply: ler_sum => j _; apply: ler_wpmul2l => //.
have -> : rexp (lam * total (X j o)) = rexp (lam * Q) * rexp (lam * total (X j o) - lam * Q).
  by rewrite -rexpD addrC subrK.
by apply: ler_wpmul2l; [exact/ltW/rexp_gt0|exact: rexp_ge1D].
Qed.

Theorem sub_gaussian_crude : (1 <= L)%N ->
  (\int[P]_o (square_error o)%:E <= (crude_bound y s2 (eigenvalues nu) op2 lam L%:R : RR)%:E)%E.
Proof.
move=> L0.
have [IY HY] := deviation_mgf mu1 mx s2_pos x_sub x_mean O_orthogonal V_eigen op2_pos nu_le a lam0 lam_lt.
have S (j : 'I_L) : Pint P (fun o => rexp (lam * total (X j o))) /\
    Pmean P (fun o => rexp (lam * total (X j o))) = Pmean mu (fun t => rexp (lam * total t)).
  have PR := iid_product_rule P1 mu1 HX.
  exact: (@product_rule_single _ _ (probability_expectation P1) (probability_expectation mu1) X L PR
    (fun t => rexp (lam * total t)) j (elimT ssrnat.ltP (ltn_ord j)) IY).
have [I E] := @flat_model.Pmean_sum _ _ P P1 L _ _ (fun j => proj1 (S j)) (fun j => proj2 (S j)).
pose K : RR := ln L%:R + D.
have L1 : (0 : RR) < L%:R by rewrite ltr0n.
have KE : rexp (- K) * (L%:R * rexp D) = 1.
  have -> : L%:R * rexp D = rexp K by rewrite /K [rexp (_ + D)]rexpD; congr (_ * _); rewrite exp_ln//; exact/RltP.
  by rewrite -rexpD addNr -[LHS]/(Rtrigo_def.exp 0) exp_0.
have [J F] := mean_lin (lam^-1 * (K - 1)) (lam^-1 * rexp (- K)) (Pint_const P1 1) I.
have Q0 o : 0 <= square_error o by apply: sumr_ge0 => i _; exact: sqr_ge0.
have le o : square_error o <= lam^-1 * (K - 1) * 1
    + lam^-1 * rexp (- K) * \sum_(j < L) rexp (lam * total (X j o)).
  rewrite mulr1 -mulrA -mulrDr mulrC ler_pdivl_mulr// mulrC.
  have H : 1 + (lam * square_error o - K) <= rexp (- K) * \sum_(j < L) rexp (lam * total (X j o)).
    apply: le_trans (rexp_ge1D _) _; rewrite addrC rexpD; apply: ler_wpmul2l; first exact/ltW/rexp_gt0.
    exact: exp_error_le.
  by rewrite -ler_sub_addl opprB addrCA.
have mQ : measurable_fun setT square_error.
  apply: (@measurable_fun_sumr _ _ _ _ (fun (i : 'I_m) o => (prompt_output i o - c i) ^+ 2)) => i.
  apply: measurable_fun_sqr; apply: measurable_funB; last exact: measurable_fun_cst.
  apply: measurable_weighted_mean => //; first exact: (proj1 HX).
  exact: measurable_linear_form.
have IQ : Pint P square_error.
  by apply: (@Pint_dominated _ _ P P1 0 _ _ mQ J) => o; rewrite add0r ger0_norm.
rewrite (Pmean_integral IQ) lee_fin; apply: (le_trans (mean_le IQ J le)); rewrite F (Pmean_const P1) E.
rewrite sumr_const card_ord -[Pmean mu _ *+ L]mulr_natl.
have -> : crude_bound y s2 (eigenvalues nu) op2 lam L%:R = lam^-1 * K by rewrite /crude_bound RdivE' mulrC.
rewrite mulr1 -mulrA -mulrDr; apply: ler_wpmul2l; first by rewrite invr_ge0 ltW.
rewrite -ler_subr_addl opprB addrCA subrr addr0 -[X in _ <= X]KE.
apply: ler_wpmul2l; first exact/ltW/rexp_gt0.
by apply: ler_wpmul2l; [exact: ler0n|exact: HY].
Qed.
End SubGaussianBounds.
