(* Theorem T4 (chernoff-bound).

   X_0, ..., X_{L-1} are i.i.d. tokens with law mu on any measurable space, w > 0
   a weight, f = (f_0, ..., f_{m-1}) a vector-valued function with E[w f] = 0,
   p_i = w(X_i) / sum_j w(X_j), |.| the Euclidean norm of R^m.  With Z = E w,
   rho = E w^2 / Z^2, A2 = E|w f|^2 / Z^2, A4 = E|w f|^4 / Z^4, F0 = E|f|^2, F4 = E|f|^4:

   chernoff_mean_square, for L >= 2 and 1/L < del < 1:
     E|sum_i p_i f(X_i)|^2
        <= A2 / ((1-del)^2 L) + L F0 exp(-(del L - 1)^2 / (2 (L-1) rho));
   chernoff_mean_square_scalar: the case m = 1.

   chernoff_tail, for L >= 1, 0 < del < 1, eps > 0, with no condition on E|f|^2:
     P(|sum_i p_i f(X_i)| >= eps) <= A2 / ((1-del)^2 L eps^2) + exp(-L del^2 / (2 rho)).

   chernoff_fourth_moment, for L >= 2 and 1/L < del < 1:
     E|sum_i p_i f(X_i)|^4 <= (A4/L^3 + 3 A2^2/L^2) / (1-del)^4
                              + L F4 exp(-(del L - 1)^2 / (2 (L-1) rho)).

   The left sides are extended-real integrals.
   coordinate f k: f_k for k < m and 0 beyond, vectors as functions of a natural number. *)
From Coq Require Import Reals.
From mathcomp Require Import all_ssreflect ssralg ssrnum ssrint interval finmap.
From mathcomp.classical Require Import mathcomp_extra boolp classical_sets functions cardinality fsbigop.
From mathcomp.analysis Require Import signed reals Rstruct ereal topology normedtype sequences esum measure lebesgue_measure numfun lebesgue_integral.
From AttentionBounds.foundation Require Import finite_sums self_normalised abstract_expectation independence integration probability_measure.
From AttentionBounds.chernoff Require Import chernoff_abstract.
Set Implicit Arguments. Unset Strict Implicit. Unset Printing Implicit Defensive.
Import Order.TTheory GRing.Theory Num.Def Num.Theory.
Local Open Scope classical_set_scope.
Local Open Scope ring_scope.

(* integral of a real function against a probability measure, as a real number *)
Lemma Pmean_sq d (T : measurableType d) (mu : {measure set T -> \bar RR}) (h : T -> RR) :
  Pmean mu (fun x => pow (h x) 2) = \int[mu]_x (h x ^+ 2).
Proof. by rewrite /Pmean /Rintegral; congr fine; apply: eq_integral => x _; rewrite -pow2E. Qed.

Lemma Pint_sq d (T : measurableType d) (mu : {measure set T -> \bar RR}) (h : T -> RR) :
  mu.-integrable setT (fun x => (h x ^+ 2)%:E) -> Pint mu (fun x => pow (h x) 2).
Proof. by apply: eq_integrable => // x _ /=; rewrite -pow2E. Qed.

(* the right side of T4, in both vocabularies *)
Lemma chernoff_valueE (L : nat) (delta rho V F0 : RR) : chernoff_value L delta rho V F0 =
  V / ((1 - delta) ^+ 2 * L%:R)
  + L%:R * F0 * rexp (- (delta * L%:R - 1) ^+ 2 / (2%:R * (L%:R - 1) * rho)).
Proof.
by rewrite /chernoff_value !RdivE' !RpowE RplusE !RmultE !RminusE RoppE INRE IZR2E.
Qed.

Section MeanSquare.
Context d d' (Om : measurableType d) (T : measurableType d').
Variables (P : {measure set Om -> \bar RR}) (mu : {measure set T -> \bar RR}).
Hypothesis P1 : P setT = 1%E.
Hypothesis mu1 : mu setT = 1%E.
Variables (L : nat) (X : nat -> Om -> T).
Hypothesis HX : iid_with_law P mu L X.
Variables (w : T -> RR) (delta : RR).

Theorem chernoff_mean_square_scalar (f : T -> RR) :
  (2 <= L)%N -> 1 / L%:R < delta < 1 ->
  measurable_fun setT w -> measurable_fun setT f -> (forall x, 0 < w x) ->
  mu.-integrable setT (fun x => (w x ^+ 2)%:E) ->
  mu.-integrable setT (fun x => (f x ^+ 2)%:E) ->
  mu.-integrable setT (fun x => ((w x * f x) ^+ 2)%:E) ->
  \int[mu]_x (w x * f x) = 0 ->
  let Z := \int[mu]_x w x in
  let rho := tilted_rho mu w in
  let A2 := (\int[mu]_x ((w x * f x) ^+ 2)) / Z ^+ 2 in
  let F0 := \int[mu]_x (f x ^+ 2) in
  is_true (\int[P]_o ((weighted_mean L X w f o) ^+ 2)%:E <=
   (A2 / ((1 - delta) ^+ 2 * L%:R)
    + L%:R * F0 * rexp (- (delta * L%:R - 1) ^+ 2 / (2%:R * (L%:R - 1) * rho)))%:E)%E.
Proof.
move=> HL Hd mw mf w0 Iw2 If2 Iwf2 Ewf Z rho A2 F0.
have Iw : Pint mu w by exact: Pint_of_sq.
have Iwf : Pint mu (fun x => w x * f x).
  by apply: Pint_of_sq => //; exact: measurable_funM.
have mX i : (i < L)%N -> measurable_fun setT (X i) by case: (HX) => + _; apply.
have PR := iid_product_rule P1 mu1 HX.
pose EP := probability_expectation P1; pose Emu := probability_expectation mu1.
pose S o := self_normalised L (fun i => w (X i o)) (fun i => f (X i o)).
have SE o : S o = weighted_mean L X w f o by rewrite weighted_meanE.
have w0R x : Rlt 0 (w x) by apply/RltP.
have mS : measurable_fun setT (weighted_mean L X w f).
  by apply: measurable_weighted_mean => //; exact: ltnW.
have IS : Pint P (fun o => pow (S o) 2).
  pose B o := rsum L (fun i => pow (f (X i o)) 2).
  have IB : Pint P B.
    apply: (@Int_rsum _ EP L (fun i o => pow (f (X i o)) 2)) => i /ssrnat.ltP iL.
    by case: (@product_rule_single _ _ EP Emu X L PR (fun x => pow (f x) 2) i (elimT ssrnat.ltP iL) (Pint_sq If2)).
  apply: (@Pint_dominated _ _ P P1 0 _ B) => //.
    rewrite (_ : (fun o => _) = fun o => weighted_mean L X w f o ^+ 2); first exact: measurable_fun_sqr.
    by apply/funext => o; rewrite pow2E SE.
  move=> o; rewrite add0r ger0_norm; last by rewrite -/(pow (S o) 2) pow2E sqr_ge0.
  apply/RleP; apply: self_normalised_sq_le_sum => [|i _]; last exact: w0R.
  exact/ssrnat.ltP/ltnW.
have Hd' : Rlt (Rdiv 1 (INR L)) delta /\ Rlt delta 1.
  by case/andP: Hd => h1 h2; split; apply/RltP => //; rewrite RdivE' INRE.
have main := @mean_square_scalar _ _ EP Emu X L PR w w0R
  (elimT (RltP _ _) (Pmean_gt0 mu1 Iw w0)) Iw (Pint_sq Iw2) (Pint_laplace mu1 mw w0)
  f delta (elimT ssrnat.leP HL) Hd' (Pint_sq If2) (Pint_sq Iwf2) Iwf Ewf IS.
have -> : (\int[P]_o ((weighted_mean L X w f o) ^+ 2)%:E = (Pmean P (fun o => pow (S o) 2) : RR)%:E)%E.
  by rewrite -Pmean_integral//; apply: eq_integral => o _; rewrite pow2E SE.
rewrite lee_fin; move/RleP: main => main; apply: (le_trans main).
by rewrite chernoff_valueE -[Ex Emu]/(Pmean mu) !Pmean_sq !RdivE' !pow2E.
Qed.

Theorem chernoff_mean_square (m : nat) (f : 'I_m -> T -> RR) :
  (2 <= L)%N -> 1 / L%:R < delta < 1 ->
  measurable_fun setT w -> (forall k, measurable_fun setT (f k)) -> (forall x, 0 < w x) ->
  mu.-integrable setT (fun x => (w x ^+ 2)%:E) ->
  (forall k, mu.-integrable setT (fun x => (f k x ^+ 2)%:E)) ->
  (forall k, mu.-integrable setT (fun x => ((w x * f k x) ^+ 2)%:E)) ->
  (forall k, \int[mu]_x (w x * f k x) = 0) ->
  let Z := \int[mu]_x w x in
  let rho := tilted_rho mu w in
  let A2 := (\sum_(k < m) \int[mu]_x ((w x * f k x) ^+ 2)) / Z ^+ 2 in
  let F0 := \sum_(k < m) \int[mu]_x (f k x ^+ 2) in
  is_true (\int[P]_o (\sum_(k < m) (weighted_mean L X w (f k) o) ^+ 2)%:E <=
   (A2 / ((1 - delta) ^+ 2 * L%:R)
    + L%:R * F0 * rexp (- (delta * L%:R - 1) ^+ 2 / (2%:R * (L%:R - 1) * rho)))%:E)%E.
Proof.
move=> HL Hd mw mf w0 Iw2 If2 Iwf2 Ewf Z rho A2 F0.
have mX i : (i < L)%N -> measurable_fun setT (X i) by case: (HX) => + _; apply.
rewrite (eq_integral (fun o => (\sum_(k < m) ((weighted_mean L X w (f k) o) ^+ 2)%:E)%E)); last first.
  by move=> o _; rewrite sumEFin.
rewrite ge0_integral_sum//; last 2 first.
- move=> k; apply/EFin_measurable_fun/measurable_fun_sqr.
  by apply: measurable_weighted_mean => //; exact: ltnW.
- by move=> k o _; rewrite lee_fin sqr_ge0.
rewrite /A2 /F0 !mulr_suml mulr_sumr mulr_suml -big_split/= -sumEFin.
apply: lee_sum => k _.
exact: (chernoff_mean_square_scalar HL Hd mw (mf k) w0 Iw2 (If2 k) (Iwf2 k) (Ewf k)).
Qed.
End MeanSquare.

(* f_k for k < m, and 0 beyond: vectors as functions of a natural number *)
Definition coordinate (T : Type) (m : nat) (f : 'I_m -> T -> RR) (k : nat) : T -> RR :=
  if insub k is Some i then f i else (fun=> 0).

Lemma coordinateE (T : Type) (m : nat) (f : 'I_m -> T -> RR) (k : 'I_m) : coordinate f k = f k.
Proof. by rewrite /coordinate valK. Qed.

Lemma coordinate_ind (T : Type) (m : nat) (f : 'I_m -> T -> RR) (Q : (T -> RR) -> Prop) :
  (forall k, Q (f k)) -> forall k : nat, (k < m)%coq_nat -> Q (coordinate f k).
Proof. by move=> H k /ssrnat.ltP km; have := H (Ordinal km); rewrite -coordinateE. Qed.

Lemma le_sqrtE (e s : RR) : 0 < e -> 0 <= s -> (e <= Num.sqrt s) = (e ^+ 2 <= s).
Proof.
move=> e0 s0; rewrite -[in RHS](sqr_sqrtr s0).
by rewrite ler_sqr// nnegrE ?sqrtr_ge0// ltW.
Qed.

Section Tail.
Context d d' (Om : measurableType d) (T : measurableType d').
Variables (P : {measure set Om -> \bar RR}) (mu : {measure set T -> \bar RR}).
Hypothesis P1 : P setT = 1%E.
Hypothesis mu1 : mu setT = 1%E.
Variables (L : nat) (X : nat -> Om -> T).
Hypothesis HX : iid_with_law P mu L X.
Variables (w : T -> RR) (delta eps : RR).

Theorem chernoff_tail (m : nat) (f : 'I_m -> T -> RR) :
  (1 <= L)%N -> 0 < delta < 1 -> 0 < eps ->
  measurable_fun setT w -> (forall k, measurable_fun setT (f k)) -> (forall x, 0 < w x) ->
  mu.-integrable setT (fun x => (w x ^+ 2)%:E) ->
  (forall k, mu.-integrable setT (fun x => ((w x * f k x) ^+ 2)%:E)) ->
  (forall k, \int[mu]_x (w x * f k x) = 0) ->
  let Z := \int[mu]_x w x in
  let rho := tilted_rho mu w in
  let A2 := (\sum_(k < m) \int[mu]_x ((w x * f k x) ^+ 2)) / Z ^+ 2 in
  is_true (P [set o | eps <= Num.sqrt (\sum_(k < m) (weighted_mean L X w (f k) o) ^+ 2)]%R <=
   (A2 / ((1 - delta) ^+ 2 * L%:R * eps ^+ 2)
    + rexp (- (L%:R * delta ^+ 2) / (2%:R * rho)))%:E)%E.
Proof.
move=> HL Hd He mw mf w0 Iw2 Iwf2 Ewf Z rho A2.
have Iw : Pint mu w by exact: Pint_of_sq.
have Iwf k : Pint mu (fun x => w x * f k x).
  by apply: (Pint_of_sq mu1 _ (Iwf2 k)); exact: measurable_funM.
have mX i : (i < L)%N -> measurable_fun setT (X i) by case: (HX) => + _; apply.
have PR := iid_product_rule P1 mu1 HX.
pose EP := probability_expectation P1; pose Emu := probability_expectation mu1.
have w0R x : Rlt 0 (w x) by apply/RltP.
set A := [set o | _].
pose g := coordinate f.
have N2E o : \sum_(k < m) (weighted_mean L X w (f k) o) ^+ 2 =
    rsum m (fun k => pow (self_normalised L (fun i => w (X i o)) (fun i => g k (X i o))) 2).
  by rewrite rsumE; apply: eq_bigr => k _; rewrite pow2E weighted_meanE /g coordinateE.
have AE : A = [set o | eps ^+ 2 <= \sum_(k < m) (weighted_mean L X w (f k) o) ^+ 2].
  rewrite /A; apply/funext => o /=; congr is_true.
  have S0 : 0 <= \sum_(k < m) (weighted_mean L X w (f k) o) ^+ 2.
    by apply: sumr_ge0 => k _; exact: sqr_ge0.
  exact: le_sqrtE.
have mA : measurable A.
  have mN : measurable_fun setT (fun o => \sum_(k < m) (weighted_mean L X w (f k) o) ^+ 2).
    by apply: measurable_fun_sumr => k; apply: measurable_fun_sqr; exact: measurable_weighted_mean.
  rewrite AE (_ : [set o | _] = setT `&` (fun o => \sum_(k < m) (weighted_mean L X w (f k) o) ^+ 2) @^-1` [set` `[eps ^+ 2, +oo[]).
    by apply: mN => //; exact: measurable_itv.
  by rewrite setTI; apply/funext => o /=; rewrite in_itv /= andbT.
pose Y : Om -> R := (\1_A : Om -> RR).
have IY : Pint P Y by exact: Pint_indic.
have PA : P A = (Pmean P Y : RR)%:E.
  by rewrite Pmean_indic// fineK// (prob_fin_num P1 mA).
have Y1 o : Rle (Y o) 1 by rewrite /Y indicE; case: (o \in A); [exact: Rle_refl|exact: Rle_0_1].
have Y0 o : Rlt (rsum m (fun k => pow (self_normalised L (fun i => w (X i o)) (fun i => g k (X i o))) 2)) (pow eps 2) -> Rle (Y o) 0.
  move=> /RltP; rewrite -N2E pow2E => h; apply/RleP; rewrite /Y indicE memNset// AE /=.
  by apply/negP; rewrite -ltNge.
have Igk k : (k < m)%coq_nat -> Pint mu (fun x => pow (Rmult (w x) (g k x)) 2) /\
    Pint mu (fun x => Rmult (w x) (g k x)) /\ Pmean mu (fun x => Rmult (w x) (g k x)) = 0.
  move: k; apply: (@coordinate_ind T m f (fun h => Pint mu (fun x => pow (Rmult (w x) (h x)) 2) /\
    Pint mu (fun x => Rmult (w x) (h x)) /\ Pmean mu (fun x => Rmult (w x) (h x)) = 0)) => k.
  split; first exact: (Pint_sq (Iwf2 k)).
  split; first exact: Iwf.
  exact: Ewf.
have Hd' : Rlt 0 delta /\ Rlt delta 1 by case/andP: Hd => h1 h2; split; apply/RltP.
have main := @tail_abstract _ _ EP Emu X L PR w w0R
  (elimT (RltP _ _) (Pmean_gt0 mu1 Iw w0)) Iw (Pint_sq Iw2) (Pint_laplace mu1 mw w0)
  m g delta eps Y (elimT ssrnat.leP HL) Hd' (elimT (RltP _ _) He)
  (fun k km => (Igk k km).1) (fun k km => (Igk k km).2.1) (fun k km => (Igk k km).2.2) IY Y1 Y0.
rewrite PA lee_fin; move/RleP: main => main; apply: (le_trans main).
rewrite /tail_value -[Ex Emu]/(Pmean mu) !Pmean_sq rsumE !RdivE' !pow2E.
rewrite RplusE !RmultE RminusE RoppE INRE IZR2E.
rewrite (_ : \sum_(k < m) _ = \sum_(k < m) \int[mu]_x ((w x * f k x) ^+ 2))//.
by apply: eq_bigr => k _; rewrite Pmean_sq /g coordinateE.
Qed.
End Tail.

(* A power of order at most 2 of a number whose square is at most s. *)
Lemma low_power_le (a s : RR) (i : nat) : (i <= 2)%N -> a ^+ 2 <= s -> `|a ^+ i| <= Num.max 1 s.
Proof.
move=> i2 as2; rewrite normrX; case: i i2 => [|[|[|//]]] _.
- by rewrite expr0 le_maxr lexx.
- rewrite expr1; have [a1|a1] := leP `|a| 1; first by rewrite le_maxr a1.
  rewrite le_maxr; apply/orP; right; apply: le_trans as2.
  by rewrite -real_normK ?num_real// expr2 ler_pmull ?(lt_trans ltr01)// ltW.
- by rewrite real_normK ?num_real// le_maxr as2 orbT.
Qed.

(* |a^i b^j| <= 1 + s^2 when i, j <= 2 and a^2, b^2 <= s. *)
Lemma low_powers_le (a b s : RR) (i j : nat) : (i <= 2)%N -> (j <= 2)%N ->
  a ^+ 2 <= s -> b ^+ 2 <= s -> `|a ^+ i * b ^+ j| <= 1 + s ^+ 2.
Proof.
move=> i2 j2 hs hb; rewrite normrM.
apply: (@le_trans _ _ (Num.max 1 s * Num.max 1 s)); first by apply: ler_pmul => //; exact: low_power_le.
have [s1|s1] := leP s 1; first by rewrite mulr1 ler_addl sqr_ge0.
by rewrite -expr2 ler_addr.
Qed.

Section Fourth.
Context d d' (Om : measurableType d) (T : measurableType d').
Variables (P : {measure set Om -> \bar RR}) (mu : {measure set T -> \bar RR}).
Hypothesis P1 : P setT = 1%E.
Hypothesis mu1 : mu setT = 1%E.
Variables (L : nat) (X : nat -> Om -> T).
Hypothesis HX : iid_with_law P mu L X.
Variables (w : T -> RR) (delta : RR).

Theorem chernoff_fourth_moment (m : nat) (f : 'I_m -> T -> RR) :
  (2 <= L)%N -> 1 / L%:R < delta < 1 ->
  measurable_fun setT w -> (forall k, measurable_fun setT (f k)) -> (forall x, 0 < w x) ->
  mu.-integrable setT (fun x => (w x ^+ 2)%:E) ->
  mu.-integrable setT (fun x => ((\sum_(k < m) f k x ^+ 2) ^+ 2)%:E) ->
  mu.-integrable setT (fun x => ((\sum_(k < m) (w x * f k x) ^+ 2) ^+ 2)%:E) ->
  (forall k, \int[mu]_x (w x * f k x) = 0) ->
  let Z := \int[mu]_x w x in
  let rho := tilted_rho mu w in
  let A2 := (\sum_(k < m) \int[mu]_x ((w x * f k x) ^+ 2)) / Z ^+ 2 in
  let A4 := (\int[mu]_x ((\sum_(k < m) (w x * f k x) ^+ 2) ^+ 2)) / Z ^+ 4 in
  let F4 := \int[mu]_x ((\sum_(k < m) f k x ^+ 2) ^+ 2) in
  is_true (\int[P]_o ((\sum_(k < m) (weighted_mean L X w (f k) o) ^+ 2) ^+ 2)%:E <=
   ((A4 / L%:R ^+ 3 + 3%:R * A2 ^+ 2 / L%:R ^+ 2) / (1 - delta) ^+ 4
    + L%:R * F4 * rexp (- (delta * L%:R - 1) ^+ 2 / (2%:R * (L%:R - 1) * rho)))%:E)%E.
Proof.
move=> HL Hd mw mf w0 Iw2 If4 Iwf4 Ewf Z rho A2 A4 F4.
have Iw : Pint mu w by exact: Pint_of_sq.
have mX i : (i < L)%N -> measurable_fun setT (X i) by case: (HX) => + _; apply.
have PR := iid_product_rule P1 mu1 HX.
pose EP := probability_expectation P1; pose Emu := probability_expectation mu1.
have w0R x : Rlt 0 (w x) by apply/RltP.
pose g := coordinate f.
pose S o k := self_normalised L (fun i => w (X i o)) (fun i => g k (X i o)).
have sumE (a : nat -> R) (b : 'I_m -> RR) : (forall k : 'I_m, a k = b k) ->
    rsum m (fun k => pow (a k) 2) = \sum_(k < m) b k ^+ 2.
  by move=> ab; rewrite rsumE; apply: eq_bigr => k _; rewrite pow2E ab.
have SE o : rsum m (fun k => pow (S o k) 2) = \sum_(k < m) (weighted_mean L X w (f k) o) ^+ 2.
  by apply: sumE => k; rewrite weighted_meanE /S /g coordinateE.
have fE x : rsum m (fun k => pow (g k x) 2) = \sum_(k < m) f k x ^+ 2.
  by apply: sumE => k; rewrite /g coordinateE.
have wfE x : rsum m (fun k => pow (Rmult (w x) (g k x)) 2) = \sum_(k < m) (w x * f k x) ^+ 2.
  by apply: sumE => k; rewrite /g coordinateE.
have IF : Pint mu (fun x => pow (rsum m (fun k => pow (g k x) 2)) 2).
  by apply: eq_integrable If4 => // x _ /=; rewrite -/(pow _ 2) pow2E fE.
have IG k l i j : (k < m)%coq_nat -> (l < m)%coq_nat -> (i <= 2)%coq_nat -> (j <= 2)%coq_nat ->
    Pint mu (fun x => Rmult (pow (Rmult (w x) (g k x)) i) (pow (Rmult (w x) (g l x)) j)).
  move=> /ssrnat.ltP km /ssrnat.ltP lm /ssrnat.leP i2 /ssrnat.leP j2.
  have E x : Rmult (pow (Rmult (w x) (g k x)) i) (pow (Rmult (w x) (g l x)) j) =
      (w x * f (Ordinal km) x) ^+ i * (w x * f (Ordinal lm) x) ^+ j.
    by rewrite !RpowE -(coordinateE f (Ordinal km)) -(coordinateE f (Ordinal lm)).
  have mG (n : 'I_m) p : measurable_fun setT (fun x => (w x * f n x) ^+ p).
    elim: p => [|p IH]; first by rewrite (_ : (fun _ => _) = cst 1) //; exact: measurable_fun_cst.
    rewrite (_ : (fun _ => _) = (fun x => w x * f n x) \* (fun x => (w x * f n x) ^+ p)).
      by apply: measurable_funM => //; exact: measurable_funM.
    by apply/funext => x; rewrite exprS.
  apply: (Pint_ext (fun x => esym (E x))).
  apply: (@Pint_dominated _ _ mu mu1 1 _ (fun x => (\sum_(k < m) (w x * f k x) ^+ 2) ^+ 2)) => //.
    by apply: measurable_funM; exact: mG.
  have le_sum x (n : 'I_m) : (w x * f n x) ^+ 2 <= \sum_(k < m) (w x * f k x) ^+ 2.
    by rewrite (bigD1 n)//= ler_addl; apply: sumr_ge0 => q _; exact: sqr_ge0.
  by move=> x; apply: low_powers_le.
have EG k : (k < m)%coq_nat -> Pmean mu (fun x => Rmult (w x) (g k x)) = 0.
  by move: k; apply: (@coordinate_ind T m f (fun h => Pmean mu (fun x => Rmult (w x) (h x)) = 0)).
have IS : Pint P (fun o => pow (rsum m (fun k => pow (S o k) 2)) 2).
  pose F x := pow (rsum m (fun k => pow (g k x) 2)) 2.
  pose B o := rsum L (fun i => F (X i o)).
  have IB : Pint P B.
    apply: (@Int_rsum _ EP L (fun i o => F (X i o))) => i iL.
    by case: (@product_rule_single _ _ EP Emu X L PR F i iL IF).
  apply: (@Pint_dominated _ _ P P1 0 _ B) => //.
    rewrite (_ : (fun o => _) = fun o => (\sum_(k < m) (weighted_mean L X w (f k) o) ^+ 2) ^+ 2).
      apply: measurable_fun_sqr; apply: measurable_fun_sumr => k; apply: measurable_fun_sqr.
      by apply: measurable_weighted_mean => //; exact: ltnW.
    by apply/funext => o; rewrite pow2E SE.
  move=> o; rewrite add0r ger0_norm; last by rewrite pow2E sqr_ge0.
  apply/RleP; apply: (@norm_fourth_le_sum L m (fun i => w (X i o)) (fun k i => g k (X i o))) => [|i _].
    exact/ssrnat.ltP/ltnW.
  exact: w0R.
have Hd' : Rlt (Rdiv 1 (INR L)) delta /\ Rlt delta 1.
  by case/andP: Hd => h1 h2; split; apply/RltP => //; rewrite RdivE' INRE.
have main := @fourth_abstract _ _ EP Emu X L PR w w0R
  (elimT (RltP _ _) (Pmean_gt0 mu1 Iw w0)) Iw (Pint_sq Iw2) (Pint_laplace mu1 mw w0)
  m g delta (elimT ssrnat.leP HL) Hd' IF IG EG IS.
have -> : (\int[P]_o ((\sum_(k < m) (weighted_mean L X w (f k) o) ^+ 2) ^+ 2)%:E =
    (Pmean P (fun o => pow (rsum m (fun k => pow (S o k) 2)) 2) : RR)%:E)%E.
  by rewrite -Pmean_integral//; apply: eq_integral => o _; rewrite pow2E SE.
rewrite lee_fin; move/RleP: main => main; apply: (le_trans main).
rewrite -[Ex Emu]/(Pmean mu) !Pmean_sq.
have -> : \int[mu]_x (rsum m (fun k => pow (g k x) 2) ^+ 2) = F4.
  by rewrite /F4; congr Rintegral; apply/funext => x; rewrite fE.
have -> : \int[mu]_x (rsum m (fun k => pow (Rmult (w x) (g k x)) 2) ^+ 2) =
    \int[mu]_x ((\sum_(k < m) (w x * f k x) ^+ 2) ^+ 2).
  by congr Rintegral; apply/funext => x; rewrite wfE.
have -> : rsum m (fun k => Pmean mu (fun x => pow (Rmult (w x) (g k x)) 2)) =
    \sum_(k < m) \int[mu]_x ((w x * f k x) ^+ 2).
  by rewrite rsumE; apply: eq_bigr => k _; rewrite Pmean_sq /g coordinateE.
rewrite /fourth_value !RdivE' !RpowE !RplusE !RmultE !RminusE RoppE INRE IZR2E.
by rewrite (_ : IZR 3 = 3%:R :> RR)// -[3%:R](INRE 3) /=; congr Rplus.
Qed.
End Fourth.
